"""Tensors written out in JSON: nested as their shape, or flat in row-major order."""

from collections.abc import Sequence
from itertools import chain
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from service.protocol.datatypes import BINARY_ONLY, BYTES, numpy_dtype
from service.protocol.errors import NotFiniteError, ProtocolError
from service.protocol.messages import Tensor

_WORDS: dict[type, str] = {
    bool: "true or false",
    int: "whole numbers",
    float: "numbers",
    str: "strings",
}


def read_json(
    where: str, datatype: str, shape: tuple[int, ...], data: object
) -> NDArray[Any] | list[bytes]:
    """The values of a tensor; strings become their bytes in UTF-8.

    Args:
        where: what an error calls the tensor.
        datatype: one of `DATATYPES`.
        shape: of the tensor.
        data: what JSON held.

    Raises:
        ProtocolError: other elements, more or fewer of them, or not nested as the shape is.
    """
    if datatype in BINARY_ONLY:
        raise ProtocolError(f"{where}: {datatype} is not written in JSON; send it as binary data")
    elements = _flatten(where, shape, data)
    kind = _kind(datatype)
    allowed = {int, float} if kind is float else {kind}
    # A type beside the others is found before numpy sees them: one long string among a million
    # numbers would make it allocate a million long strings.
    if not set(map(type, elements)) <= allowed:
        raise ProtocolError(f"{where}: expected {_WORDS[kind]} for {datatype}, received others")
    if datatype == BYTES:
        return [element.encode() for element in cast("Sequence[str]", elements)]
    return _numbers(where, datatype, elements).reshape(shape)


def write_json(tensor: Tensor) -> NDArray[Any] | list[str]:
    """The values as they are written, flat.

    Raises:
        NotFiniteError: JSON has no word for NaN or infinity.
    """
    if isinstance(tensor.values, list):
        return [element.decode("utf-8", "replace") for element in tensor.values]
    if tensor.values.dtype.kind == "f" and not np.isfinite(tensor.values).all():
        raise NotFiniteError(
            f"output {tensor.name!r} has NaN or infinity, which JSON cannot say; ask for it with "
            "the parameter binary_data"
        )
    return tensor.values.reshape(-1)


def _kind(datatype: str) -> type:
    """Of an element in JSON."""
    if datatype == BYTES:
        return str
    return {"b": bool, "f": float}.get(numpy_dtype(datatype).kind, int)


def _flatten(where: str, shape: tuple[int, ...], data: object) -> Sequence[object]:
    """The elements in row-major order."""
    if not isinstance(data, list):
        raise ProtocolError(f"{where}: expected 'data' to be a list")
    rows = cast("list[object]", data)
    if list not in set(map(type, rows)):
        if len(rows) != prod(shape):
            raise ProtocolError(
                f"{where}: expected {prod(shape)} elements for shape {list(shape)}, "
                f"received {len(rows)}"
            )
        return rows
    if shape and len(rows) != shape[0]:  # before anybody looks at a million of them
        raise ProtocolError(f"{where}: 'data' is not nested as its shape {list(shape)} is")
    level: list[list[object]] = [rows]
    for depth, length in enumerate(shape, start=1):
        if not all(type(row) is list and len(row) == length for row in level):
            raise ProtocolError(f"{where}: 'data' is not nested as its shape {list(shape)} is")
        flat = list(chain.from_iterable(level))
        if depth == len(shape):
            return flat
        level = cast("list[list[object]]", flat)
    raise ProtocolError(f"{where}: 'data' is nested, and its shape is []")


def _numbers(where: str, datatype: str, elements: Sequence[object]) -> NDArray[Any]:
    dtype = numpy_dtype(datatype)
    try:
        if dtype.kind != "f":
            return np.array(elements, dtype)
        with np.errstate(over="raise"):
            return np.array(elements, np.float64).astype(dtype)
    except (OverflowError, FloatingPointError) as error:
        raise ProtocolError(f"{where}: a value is outside the range of {datatype}") from error
