"""Pinned host memory: pages that stay in place, so that the GPU's copy engine reads them itself.

ONNX Runtime's Python makes tensors in a processor's or in a device's memory; it reaches the pinned
allocator only through a plugin's device (its pull request 28038), and onnxruntime-gpu 1.31 has CUDA
built in. So these arrays come from the CUDA runtime, and ONNX Runtime need not know: its copy is a
cudaMemcpy, which recognises the address.
"""

import ctypes
import math
import weakref
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

PORTABLE = 1
"""cudaHostAllocPortable: pinned for every GPU, not only for the one that is current."""


def pinned_array(shape: Sequence[int], dtype: "np.dtype[Any]") -> NDArray[Any]:
    """Zeros in pinned memory; in plain memory where CUDA gives none, which only copies slower."""
    runtime = _runtime()
    size_bytes = math.prod(shape) * dtype.itemsize
    address = ctypes.c_void_p()
    if runtime is None or runtime.cudaHostAlloc(
        ctypes.byref(address), ctypes.c_size_t(size_bytes), ctypes.c_uint(PORTABLE)
    ):
        return np.zeros(shape, dtype)
    buffer = (ctypes.c_uint8 * size_bytes).from_address(address.value or 0)
    # The array keeps the buffer; when the last view is gone, so are the pages.
    weakref.finalize(buffer, runtime.cudaFreeHost, address).atexit = False
    array = np.frombuffer(memoryview(buffer), dtype).reshape(shape)
    array.fill(0)
    return array


@cache
def _runtime() -> ctypes.CDLL | None:
    """The CUDA runtime that ONNX Runtime loaded (`driver.prepare`), if there is one."""
    try:
        return ctypes.CDLL(f"libcudart.so.{ort.cuda_version.partition('.')[0]}")
    except OSError:
        return None
