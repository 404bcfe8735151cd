"""Tensors in protobuf: as raw bytes of the whole message, or typed beside their names."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.grpc.open_inference_pb2 import InferTensorContents, ModelInferRequest
from service.protocol.binary_tensors import read_binary
from service.protocol.datatypes import BINARY_ONLY, BYTES, DATATYPES, numpy_dtype
from service.protocol.errors import ProtocolError
from service.protocol.json_fields import MAX_RANK, parameters, quoted
from service.protocol.messages import Tensor

_FIELDS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}

Input = ModelInferRequest.InferInputTensor


def read_tensors(message: ModelInferRequest) -> list[Tensor]:
    """The inputs of a request.

    Raises:
        ProtocolError: raw and typed contents at once, raw ones not for every input, or an input
            whose contents are not what its datatype and shape say.
        UnsupportedError: an input lies in shared memory.
    """
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise ProtocolError(
            f"expected raw_input_contents of each of {len(message.inputs)} inputs, or of none; "
            f"received {len(raw)}"
        )
    return [
        _read_tensor(tensor, raw[index] if raw else None)
        for index, tensor in enumerate(message.inputs)
    ]


def parameters_of(message: Any, where: str) -> dict[str, str | int | float | bool]:  # noqa: ANN401  every message that has them
    """The `parameters` of a message; those without a value are left out.

    Raises:
        UnsupportedError: shared memory.
    """
    found: dict[str, str | int | float | bool] = {}
    for name, parameter in message.parameters.items():
        choice = parameter.WhichOneof("parameter_choice")
        if choice:
            found[name] = getattr(parameter, choice)
    return dict(parameters({"parameters": found}, where))


def _read_tensor(tensor: Input, raw: bytes | None) -> Tensor:
    where = f"input {quoted(tensor.name)}"
    found = parameters_of(tensor, where)
    datatype, shape = tensor.datatype, tuple(tensor.shape)
    if datatype not in DATATYPES:
        raise ProtocolError(
            f"{where}: expected a datatype of {', '.join(DATATYPES)}; received {quoted(datatype)}"
        )
    if len(shape) > MAX_RANK or any(length < 0 for length in shape):
        raise ProtocolError(
            f"{where}: expected a shape of at most {MAX_RANK} lengths from 0, "
            f"received {quoted(str(list(shape)))}"
        )
    if raw is None:
        values = _read_typed(where, datatype, shape, tensor.contents)
    elif tensor.HasField("contents"):
        raise ProtocolError(f"{where}: expected raw_input_contents or contents, received both")
    else:
        values = read_binary(where, datatype, shape, raw)
    return Tensor(tensor.name, datatype, shape, values, found)


def _read_typed(
    where: str, datatype: str, shape: tuple[int, ...], contents: InferTensorContents
) -> NDArray[Any] | list[bytes]:
    """The values in the one field of their datatype."""
    if datatype in BINARY_ONLY:
        raise ProtocolError(f"{where}: {datatype} travels in raw_input_contents alone")
    field = _FIELDS[datatype]
    others = [given.name for given, _ in contents.ListFields() if given.name != field]
    if others:
        raise ProtocolError(f"{where}: expected {field} for {datatype}, received {others[0]}")
    elements: Sequence[Any] = getattr(contents, field)
    if len(elements) != prod(shape):
        raise ProtocolError(
            f"{where}: expected {prod(shape)} elements for shape {list(shape)}, "
            f"received {len(elements)}"
        )
    return list(elements) if datatype == BYTES else _numbers(where, datatype, shape, elements)


def _numbers(
    where: str, datatype: str, shape: tuple[int, ...], elements: Sequence[Any]
) -> NDArray[Any]:
    """Protobuf has no integers of 8 and 16 bits: these came in wider ones."""
    dtype = numpy_dtype(datatype)
    narrow = dtype.kind in "iu" and dtype.itemsize < np.dtype(np.int32).itemsize
    values = np.fromiter(elements, np.dtype(np.int64) if narrow else dtype, len(elements))
    if narrow and values.size:
        allowed = np.iinfo(dtype)
        if values.min() < allowed.min or values.max() > allowed.max:
            raise ProtocolError(f"{where}: a value is outside the range of {datatype}")
    return values.astype(dtype, copy=False).reshape(shape)
