"""Devices: what is here, and one sentence about what is not."""

from pathlib import Path

import onnxruntime as ort
import pytest

from bundle.repository import PREDICT, Bundle
from engine.devices import (
    CPU,
    CUDA,
    KINDS,
    TENSORRT,
    Device,
    candidates,
    check_active,
    inspection_device,
    parse_device,
)
from engine.errors import DeviceError
from engine.plugins import TENSORRT_RTX, Plugin, plugin_devices
from engine.sessions import open_session

HAS_CUDA = CUDA in ort.get_available_providers()


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "CPU", "", "cuda:-1", "openvino:1", "auto "])
def test_an_unknown_device_lists_the_known_ones(name: str) -> None:
    with pytest.raises(DeviceError, match=r"expected auto, cpu, openvino, cuda, cuda:N, tensorrt"):
        parse_device(name)


def test_auto_is_a_choice_and_no_device() -> None:
    with pytest.raises(DeviceError, match="no device 'auto'"):
        parse_device("auto")


@pytest.mark.skipif(HAS_CUDA, reason="this installation has the GPU package")
def test_cuda_without_its_package_says_which_one_it_is() -> None:
    with pytest.raises(DeviceError, match=r"cuda:3: needs the package onnxruntime-gpu .*to cpu"):
        parse_device("cuda:3")


@pytest.mark.skipif(
    TENSORRT in ort.get_available_providers() or TENSORRT_RTX.installed,
    reason="this installation has TensorRT",
)
def test_tensorrt_without_its_package_says_which_one_it_is() -> None:
    with pytest.raises(DeviceError, match="tensorrt: the package onnxruntime-ep-nv-tensorrt"):
        parse_device("tensorrt")


def test_openvino_without_its_package_says_which_one_it_is() -> None:
    missing = Plugin("openvino", "onnxruntime-ep-openvino", "no_such_module")
    with pytest.raises(DeviceError, match="package onnxruntime-ep-openvino is not installed"):
        plugin_devices(missing)


def test_a_plugin_whose_library_does_not_load_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "library.so").write_text("no library")
    (tmp_path / "broken_plugin.py").write_text(
        f"def get_library_path(): return {str(tmp_path / 'library.so')!r}\n"
        "def get_ep_names(): return ['Broken']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    broken = Plugin("openvino", "the-package", "broken_plugin")
    with pytest.raises(DeviceError, match="library of the-package does not load: ") as caught:
        plugin_devices(broken)
    assert "\n" not in str(caught.value)


def test_openvino_is_its_own_processor_and_no_device_that_chooses(openvino: Device) -> None:
    assert (openvino.name, openvino.provider) == ("openvino", "OpenVINOExecutionProvider")
    assert openvino.plugin is not None
    assert openvino.plugin.ep_metadata["ov_device"] == "CPU"
    assert "ov_meta_device" not in openvino.plugin.ep_metadata


def test_openvino_without_a_processor_of_intels_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the plugin really answers elsewhere: nothing.
    monkeypatch.setattr("engine.devices.plugin_devices", lambda _: [])
    with pytest.raises(DeviceError, match="it runs on Intel's alone; set the device to cpu or"):
        parse_device("openvino")


def test_every_kind_is_a_candidate_or_says_why_not() -> None:
    devices, refused = candidates()
    assert devices[0].name == "cpu"
    assert {device.kind for device in devices} | set(refused) == set(KINDS)
    assert not any("to cpu or auto" in why for why in refused.values())


@pytest.mark.parametrize("name", ["cpu", "openvino"])
def test_the_inside_is_computed_by_the_stock_provider_on_a_processor(name: str) -> None:
    assert inspection_device(name) == Device("cpu", CPU)


def test_the_inside_is_computed_by_cuda_in_full_precision_on_a_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    expected = Device("cuda:2", CUDA, {"device_id": "2", "use_tf32": "0"})
    assert inspection_device("tensorrt:2") == expected


def test_a_session_that_fell_back_to_the_cpu_is_refused(colours: Bundle) -> None:
    session = open_session(colours.path(PREDICT))
    with pytest.raises(DeviceError, match=r"asked for CUDA\w+, which did not start; active: CPU"):
        check_active(session, Device("cuda:0", CUDA, {"device_id": "0"}))


@pytest.mark.skipif(HAS_CUDA, reason="this installation has the GPU package")
def test_a_provider_that_does_not_start_is_never_replaced_in_silence(
    colours: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        pytest.warns(UserWarning, match="not in available"),
        pytest.raises(DeviceError, match="set the device to cpu"),
    ):
        open_session(colours.path(PREDICT), device=Device("cuda:0", CUDA))
    assert "Falling back" not in capsys.readouterr().out
