"""The protocol's datatypes and numpy's."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

BYTES = "BYTES"
"""Elements of any length: texts, or encoded pictures."""

_NUMPY: dict[str, DTypeLike] = {
    "BOOL": np.bool_,
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
DATATYPES = (*_NUMPY, BYTES)
"""All that are understood. BF16 is not: numpy has no such type, and no network of ours takes it."""
BINARY_ONLY = frozenset({"FP16"})
"""The protocol does not say how these are written in JSON."""


def numpy_dtype(datatype: str) -> np.dtype[Any]:
    """Little-endian, as tensors travel.

    Raises:
        KeyError: BYTES, or no datatype at all.
    """
    return np.dtype(_NUMPY[datatype])


def datatype_of(values: NDArray[Any]) -> str:
    """The protocol's name of an array's type.

    Raises:
        KeyError: it has none.
    """
    return next(
        (name for name, dtype in _NUMPY.items() if np.dtype(dtype) == values.dtype), None
    ) or _unknown(values.dtype)


def _unknown(dtype: np.dtype[Any]) -> str:
    raise KeyError(str(dtype))
