"""NVIDIA's driver and libraries: what is missing, in one sentence, before a session is opened.

ONNX Runtime itself goes on with the processor, and logs the name of a library.
"""

import ctypes
from contextlib import redirect_stdout
from functools import cache
from io import StringIO

import onnxruntime as ort

from engine.errors import DeviceError

INSTEAD = "set the device to cpu or auto"


def prepare(device: str, number: int) -> str:
    """Make sure that a GPU can be used, and load CUDA's libraries once.

    Args:
        device: its name, for messages.
        number: of the GPU.

    Returns:
        The GPU's own name.

    Raises:
        DeviceError: no driver, no such GPU, a driver too old, or libraries that do not load.
    """
    driver = _driver(device)
    count = ctypes.c_int()
    driver.cuDeviceGetCount(ctypes.byref(count))
    if number >= count.value:
        raise DeviceError(f"{device}: the driver shows {count.value} GPUs here; {INSTEAD}")
    version = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    check_version(device, version.value, ort.cuda_version)
    if failed := _preload():
        raise DeviceError(
            f"{device}: CUDA's libraries do not load ({failed}); install requirements/gpu.txt, "
            f"or {INSTEAD}"
        )
    name = ctypes.create_string_buffer(256)
    driver.cuDeviceGetName(name, len(name), ctypes.c_int(number))
    return name.value.decode(errors="replace")


def check_version(device: str, driver: int, built: str) -> None:
    """Refuse a driver older than the CUDA that ONNX Runtime was built with.

    Args:
        device: its name, for messages.
        driver: the newest CUDA that it runs, as it says it: 13010 is 13.1.
        built: `13.0`; empty where ONNX Runtime itself has no CUDA.

    Raises:
        DeviceError: an older major version; among minor ones CUDA is compatible.
    """
    if built and driver // 1000 < int(built.partition(".")[0]):
        raise DeviceError(
            f"{device}: the driver runs CUDA {driver // 1000}.{driver % 1000 // 10} at most, and "
            f"this onnxruntime-gpu was built with {built}; update the driver, or {INSTEAD}"
        )


def _driver(device: str) -> ctypes.CDLL:
    """The driver's own library, started."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise DeviceError(
            f"{device}: this machine has no NVIDIA driver (libcuda.so.1 does not load; a container "
            f"needs `--gpus all`); {INSTEAD}"
        ) from error
    code = driver.cuInit(0)
    if code:
        raise DeviceError(
            f"{device}: the NVIDIA driver does not start (CUDA error {code}; 100 is: no GPU). Does "
            f"nvidia-smi show one, and CUDA_VISIBLE_DEVICES not hide it? Else {INSTEAD}"
        )
    return driver


@cache
def _preload() -> str:
    """Load CUDA and cuDNN from their wheels; the first failure, or nothing.

    Without this ONNX Runtime looks in the system's folders alone. It reports by print().
    """
    said = StringIO()
    with redirect_stdout(said):
        ort.preload_dlls()
    failures = [line for line in said.getvalue().splitlines() if line.startswith("Failed to load")]
    return failures[0].partition(": ")[2] if failures else ""
