import ctypes

import numpy as np
import pytest

from bundle.repository import Bundle
from engine.devices import CUDA, Device
from engine.errors import DeviceError, DeviceMemoryError, EngineError
from engine.runners.cuda import Tuning, open_cuda, provider_options, share_memory
from engine.runners.driver import check_version
from engine.runners.memory import memory_errors
from engine.runners.pinned import pinned_array


def has_gpu() -> bool:
    """Whether CUDA's own driver shows a GPU."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    return (
        driver.cuInit(0) == 0
        and not driver.cuDeviceGetCount(ctypes.byref(count))
        and count.value > 0
    )


without_gpu = pytest.mark.skipif(has_gpu(), reason="this machine has an NVIDIA GPU")
with_gpu = pytest.mark.skipif(not has_gpu(), reason="this machine has no NVIDIA GPU")


@without_gpu
def test_without_a_driver_the_device_says_so_in_one_sentence(colours: Bundle) -> None:
    device = Device("cuda:0", CUDA, {"device_id": "0"})
    with pytest.raises(DeviceError, match=r"^cuda:0: .*NVIDIA driver.*set the device to cpu"):
        open_cuda(colours, device, "fp32", max_batch=4, memory_bytes=0)


@with_gpu
@pytest.mark.parametrize("graphs", [False, True])
def test_a_gpu_answers_what_a_processor_does(
    colours: Bundle, colour_pictures: np.ndarray, graphs: bool
) -> None:
    device = Device("cuda:0", CUDA, {"device_id": "0"})
    tuning = Tuning(graphs=graphs)
    runner = open_cuda(colours, device, "fp32", max_batch=4, memory_bytes=0, tuning=tuning)
    assert runner.sizes == (1, 2, 4)
    for _ in range(4):
        assert runner.run(colour_pictures).argmax(axis=1).tolist() == [0, 1, 2]


def test_fp32_is_computed_in_fp32_and_fp16_channels_last() -> None:
    single, half = provider_options("fp32", Tuning()), provider_options("fp16", Tuning())
    assert single["use_tf32"] == half["use_tf32"] == "0"
    assert (single["prefer_nhwc"], half["prefer_nhwc"]) == ("0", "1")
    assert provider_options("fp16", Tuning(channels_last=False))["prefer_nhwc"] == "0"


def test_convolutions_are_looked_up_and_graphs_are_off_unless_asked_for() -> None:
    options = provider_options("fp32", Tuning())
    assert options["cudnn_conv_algo_search"] == "HEURISTIC"
    assert options["enable_cuda_graph"] == "0"
    options = provider_options("fp32", Tuning(search="EXHAUSTIVE", graphs=True))
    assert options["cudnn_conv_algo_search"] == "EXHAUSTIVE"
    assert options["enable_cuda_graph"] == "1"


def test_a_tuning_says_what_it_is() -> None:
    assert str(Tuning()) == "HEURISTIC search"
    tuning = Tuning(search="EXHAUSTIVE", channels_last=False, graphs=True)
    assert str(tuning) == "EXHAUSTIVE search, channels first, CUDA graphs"


def test_memory_is_capped_only_where_a_cap_was_given() -> None:
    assert "gpu_mem_limit" not in provider_options("fp32", Tuning())
    assert provider_options("fp32", Tuning(), 5_000)["gpu_mem_limit"] == "5000"


@pytest.mark.parametrize("copies", [1, 2])
def test_the_sessions_together_stay_under_the_cap(copies: int) -> None:
    sizes = (1, 2, 4, 8)
    shares = share_memory("cuda:0", 1_000_000_000, 50_000_000, sizes, copies)
    assert tuple(shares) == sizes
    total = sum(shares.values()) * copies
    assert 999_000_000 < total <= 1_000_000_000
    runs = [share - 50_000_000 for share in shares.values()]
    assert runs[3] == pytest.approx(8 * runs[0], rel=1e-6)
    assert set(share_memory("cuda:0", 0, 0, sizes, copies).values()) == {0}


def test_a_cap_below_the_weights_is_refused_with_numbers() -> None:
    with pytest.raises(DeviceError, match=r"4 sessions .* 50 MB of weights each.* cap is 150 MB"):
        share_memory("cuda:0", 150_000_000, 50_000_000, (1, 2, 4, 8), 1)


def test_a_driver_older_than_the_library_is_refused_with_both_versions() -> None:
    check_version("cuda:0", 13010, "13.0")
    check_version("cuda:0", 13000, "13.4")  # minor versions are compatible
    check_version("cuda:0", 14000, "13.0")
    check_version("cuda:0", 12040, "")  # ONNX Runtime without CUDA: a plugin brings its own
    with pytest.raises(DeviceError, match=r"runs CUDA 12\.4 at most.* built with 13\.0"):
        check_version("cuda:0", 12040, "13.0")


def test_host_arrays_are_plain_zeros_where_cuda_pins_none() -> None:
    array = pinned_array((2, 48, 64, 3), np.dtype(np.uint8))
    assert (array.shape, array.dtype) == ((2, 48, 64, 3), np.uint8)
    assert not array.any()
    array[1] = 7
    assert array.sum() == 7 * 48 * 64 * 3


@pytest.mark.parametrize(
    "said",
    [
        "Error in execution: bfc_arena.cc:380 Failed to allocate memory for requested buffer of "
        "size 102760448",
        "Non-zero status code returned while running Conv node: bfc_arena.cc:358 Available memory "
        "of 8000 is smaller than requested bytes of 9437184",
        "CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);",
        "CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED ; GPU=0",
        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
        "TensorRT EP failed: [allocator.cpp] Error Code 2: OutOfMemory (requested 1073741824)",
    ],
)
@pytest.mark.parametrize("kind", [RuntimeError, EngineError, Exception])
def test_every_way_to_run_out_of_memory_is_one_error(said: str, kind: type[Exception]) -> None:
    with (
        pytest.raises(DeviceMemoryError, match=r"^cuda:1 has not the memory for 64 images: "),
        memory_errors("cuda:1", "64 images"),
    ):
        raise kind(f"\n{said}\n   at 0x7f\n")


@pytest.mark.parametrize(
    "said", ["CUDA failure 700: an illegal memory access was encountered", "Invalid argument"]
)
def test_other_errors_pass_unchanged(said: str) -> None:
    with pytest.raises(RuntimeError, match=said), memory_errors("cuda:0", "1 image"):
        raise RuntimeError(said)
