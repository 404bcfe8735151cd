from pathlib import Path

import pytest

from bundle.manifest import ImageInput, PrecisionName
from bundle.repository import Bundle
from engine.devices import TENSORRT, Device
from engine.errors import DeviceError
from engine.runners.tensorrt import built_in_options, open_tensorrt, plugin_options
from tests.engine.runners.test_cuda import without_gpu

SPEC = ImageInput(height=48, width=64, channels=3)
FOLDER = Path("engines") / "of-one-network"


@without_gpu
def test_without_a_driver_the_device_says_so_and_makes_no_folder(
    colours: Bundle, tmp_path: Path
) -> None:
    device = Device("tensorrt:0", TENSORRT, {"device_id": "0"})
    engines = tmp_path / "engines"
    with pytest.raises(DeviceError, match=r"^tensorrt:0: .*NVIDIA driver.*set the device to cpu"):
        open_tensorrt(colours, device, "fp32", max_batch=4, memory_bytes=0, engines=engines)
    assert not engines.exists()


def test_one_profile_covers_every_size_and_is_best_at_the_largest() -> None:
    options = built_in_options(SPEC, "fp32", 32, FOLDER, 0)
    assert options["trt_profile_min_shapes"] == "image:1x48x64x3"
    assert options["trt_profile_opt_shapes"] == "image:32x48x64x3"
    assert options["trt_profile_max_shapes"] == "image:32x48x64x3"
    plugin = plugin_options(SPEC, 32, FOLDER, 0)
    assert plugin["nv_profile_min_shapes"] == "image:1x48x64x3"
    assert plugin["nv_profile_max_shapes"] == "image:32x48x64x3"


@pytest.mark.parametrize(
    ("precision", "halves", "bytes_"), [("fp32", "0", "0"), ("fp16", "1", "0"), ("int8", "0", "1")]
)
def test_only_the_declared_precision_is_allowed(
    precision: PrecisionName, halves: str, bytes_: str
) -> None:
    options = built_in_options(SPEC, precision, 8, FOLDER, 0)
    assert (options["trt_fp16_enable"], options["trt_int8_enable"]) == (halves, bytes_)


def test_engines_are_kept_in_the_folder_or_not_at_all() -> None:
    kept = built_in_options(SPEC, "fp16", 8, FOLDER, 0)
    assert kept["trt_engine_cache_enable"] == kept["trt_timing_cache_enable"] == "1"
    assert kept["trt_engine_cache_path"] == kept["trt_timing_cache_path"] == str(FOLDER)
    assert plugin_options(SPEC, 8, FOLDER, 0)["nv_runtime_cache_path"] == str(FOLDER)
    for options in (built_in_options(SPEC, "fp16", 8, None, 0), plugin_options(SPEC, 8, None, 0)):
        assert not any("cache" in name for name in options)


def test_the_workspace_is_capped_only_where_a_cap_was_given() -> None:
    assert built_in_options(SPEC, "fp32", 8, None, 7)["trt_max_workspace_size"] == "7"
    assert plugin_options(SPEC, 8, None, 7)["nv_max_workspace_size"] == "7"
    for options in (built_in_options(SPEC, "fp32", 8, None, 0), plugin_options(SPEC, 8, None, 0)):
        assert not any("workspace" in name for name in options)
