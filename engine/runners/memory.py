"""Where the buffers of bound runs lie, and what a device says when it has no room for more."""

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from engine.errors import DeviceMemoryError

HostArray = Callable[[Sequence[int], "np.dtype[Any]"], NDArray[Any]]

# The arena's two sentences, CUDA's own words, cuDNN's status and TensorRT's.
EXHAUSTED = re.compile(
    r"failed to allocate memory|smaller than requested bytes|out of memory|alloc_?failed"
    r"|outofmemory|cuda error 2\b|cuda failure 2\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Memory:
    """A device's memory.

    Args:
        kind: `cpu` or `cuda`, in ONNX Runtime's words.
        number: of the device.
        host: makes the arrays that are copied to the device: zeros of a shape and a type.
    """

    kind: str = "cpu"
    number: int = 0
    host: HostArray = np.zeros

    def value(self, shape: Sequence[int], dtype: "np.dtype[Any]") -> ort.OrtValue:
        """A tensor on the device, its content undefined."""
        return ort.OrtValue.ortvalue_from_shape_and_type(shape, dtype, self.kind, self.number)


@contextmanager
def memory_errors(device: str, what: str) -> Generator[None]:
    """ONNX Runtime's many ways to run out of memory, as one.

    Args:
        device: for the message.
        what: found no room.

    Raises:
        DeviceMemoryError: the device ran out of memory; every other error passes through.
    """
    try:
        yield
    except Exception as error:  # ONNX Runtime's errors share no base of their own
        reason = str(error)
        if isinstance(error, DeviceMemoryError) or EXHAUSTED.search(reason) is None:
            raise
        line = next(line for line in reason.splitlines() if line.strip())
        raise DeviceMemoryError(
            f"{device} has not the memory for {what}: {line.strip()[:300]}"
        ) from error
