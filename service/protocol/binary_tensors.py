"""Tensors as bytes: little-endian, row-major, packed; elements of BYTES each after their length."""

from math import prod
from struct import pack, unpack_from
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.protocol.datatypes import BYTES, numpy_dtype
from service.protocol.errors import ProtocolError
from service.protocol.messages import Tensor

MAX_ELEMENTS = 65_536
"""Of one tensor of BYTES: no model takes so many, and an empty one costs a client 4 bytes."""
_LENGTH_BYTES = 4


def read_binary(
    where: str, datatype: str, shape: tuple[int, ...], data: bytes | memoryview
) -> NDArray[Any] | list[bytes]:
    """The values of a tensor; of numbers a view of the bytes, where they lie aligned.

    Args:
        where: what an error calls the tensor.
        datatype: one of `DATATYPES`.
        shape: of the tensor.
        data: all of its bytes, and no others.

    Raises:
        ProtocolError: more or fewer bytes or elements than the shape says, or no booleans.
    """
    if datatype == BYTES:
        return _read_elements(where, shape, data)
    dtype = numpy_dtype(datatype)
    expected = prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise ProtocolError(
            f"{where}: expected {expected} bytes for {datatype} of shape {list(shape)}, "
            f"received {len(data)}"
        )
    if dtype.kind == "b" and np.frombuffer(data, np.uint8).max(initial=0) > 1:
        raise ProtocolError(f"{where}: expected bytes 0 and 1 for {datatype}, received others")
    return np.require(np.frombuffer(data, dtype).reshape(shape), requirements="A")


def write_binary(tensor: Tensor) -> bytes | memoryview:
    """The bytes of a tensor; of numbers without a copy."""
    if isinstance(tensor.values, list):
        return b"".join(pack("<I", len(each)) + each for each in tensor.values)
    return tensor.values.reshape(-1).view(np.uint8).data


def _read_elements(where: str, shape: tuple[int, ...], data: bytes | memoryview) -> list[bytes]:
    """Each 4 bytes of its length, and then itself."""
    count, position = prod(shape), 0
    if count > MAX_ELEMENTS:
        raise ProtocolError(
            f"{where}: expected at most {MAX_ELEMENTS} elements of BYTES, shape {list(shape)} "
            f"has {count}"
        )
    elements: list[bytes] = []
    while position < len(data) and len(elements) < count:
        begin = position + _LENGTH_BYTES
        length = unpack_from("<I", data, position)[0] if begin <= len(data) else 0
        position = begin + length
        if position > len(data):
            raise ProtocolError(
                f"{where}: element {len(elements)} ends beyond the tensor's {len(data)} bytes; "
                "expected 4 bytes of its length, little-endian, and so many bytes"
            )
        elements.append(bytes(data[begin:position]))
    if len(elements) != count or position != len(data):
        raise ProtocolError(
            f"{where}: expected {count} elements of BYTES for shape {list(shape)}, "
            f"received {len(elements)} and {len(data) - position} bytes after them"
        )
    return elements
