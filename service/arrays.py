"""Ready pictures in numpy's .npy format, read without pickle and without trusting the header."""

import io
import tokenize
import warnings
from functools import lru_cache

import numpy as np
from numpy.lib import format as npy

from bundle.manifest import ImageInput
from engine.arrays import Pixels
from engine.errors import PixelsError
from service.errors import TooManyImagesError

MEDIA_TYPE = "application/x-npy"
MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 256
"""numpy writes 128 for every array that a network takes. A header is a Python literal: 9 kB of them
take the interpreter 100 ms, and nested deeply enough they end in a MemoryError."""
_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_RANK = 4


def read_array(data: bytes, spec: ImageInput, max_images: int) -> Pixels:
    """The array (batch, height, width, channels) of an .npy body.

    Everything the header says is compared with `spec` and with the body's length before anything
    is allocated; Python objects are refused by their type alone, so nothing is ever unpickled.

    Raises:
        PixelsError: not an .npy file, another shape or type, truncated, or not finite.
        TooManyImagesError: more than `max_images` pictures.
    """
    start = _header_bytes(data)
    if start > MAX_HEADER_BYTES:
        raise PixelsError(
            f"expected an .npy header of at most {MAX_HEADER_BYTES} bytes, received {start}"
        )
    shape, fortran_order, dtype = _read_header(data[:start])
    size = (spec.height, spec.width, spec.channels)
    if dtype != np.dtype(spec.dtype) or len(shape) != _RANK or shape[1:] != size or shape[0] < 1:
        raise PixelsError(
            f"expected {spec.dtype} pictures of shape (batch, {', '.join(map(str, size))}), "
            f"received {dtype} {shape}"
        )
    if shape[0] > max_images:
        raise TooManyImagesError(
            f"expected at most {max_images} pictures in one request, received {shape[0]}",
            max_images=max_images,
        )
    values = memoryview(data)[start:]
    expected = dtype.itemsize * shape[0] * spec.height * spec.width * spec.channels
    if len(values) != expected:
        raise PixelsError(
            f"the header promises {expected} bytes of pictures {shape}, received {len(values)}"
        )
    pixels = np.frombuffer(values, dtype).reshape(shape, order="F" if fortran_order else "C")
    if dtype.kind == "f" and not np.isfinite(pixels).all():
        raise PixelsError("expected finite levels, received NaN or infinity")
    return np.ascontiguousarray(pixels)


def _header_bytes(data: bytes) -> int:
    """Where the header ends, as its own length says; that may be beyond the end."""
    version = data[len(MAGIC) : len(MAGIC) + 1]
    width = {b"\x01": 2, b"\x02": 4}.get(version, 0)
    start = len(MAGIC) + 2 + width
    return start + int.from_bytes(data[start - width : start], "little")


@lru_cache(maxsize=64)
def _read_header(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type as the header states them.

    A client's requests all have the same header, and numpy takes 40 µs for one: it evaluates a
    Python literal.
    """
    stream = io.BytesIO(head)
    try:
        version = npy.read_magic(stream)
        if version not in _READERS:
            raise PixelsError(f"expected .npy version 1.0 or 2.0, received {version}")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a header that numpy has to repair is refused
            shape, fortran_order, dtype = _READERS[version](stream)
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError, UserWarning) as error:
        raise PixelsError("expected an array in .npy format; its header does not read") from error
    if any(type(length) is not int for length in shape):  # True passes numpy's own check
        raise PixelsError(f"expected whole numbers in the header's shape, received {shape}")
    return shape, fortran_order, dtype
