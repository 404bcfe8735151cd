"""HTTP's body → an InferRequest; an InferResponse → a body and its headers.

A body is JSON, followed by the bytes of those tensors whose values are not in it, in their order.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from bundle.manifest import ImageInput
from engine.errors import UnsupportedImageError
from engine.images import sniff
from service.protocol import json_fields
from service.protocol.binary_tensors import read_binary, write_binary
from service.protocol.datatypes import DATATYPES
from service.protocol.errors import ProtocolError
from service.protocol.inputs import IMAGE, PIXELS, picture_bytes, pixels_datatype
from service.protocol.json_fields import Json
from service.protocol.json_tensors import read_json, write_json
from service.protocol.messages import InferRequest, InferResponse, Tensor, WantedOutput

LENGTH_HEADER = "Inference-Header-Content-Length"
"""Bytes of JSON that the body begins with; 0: it is one tensor and nothing else."""
_REQUEST = "the request"
_LENGTH = re.compile(r"[0-9]{1,12}")


def read_length(header: str | None, body_bytes: int) -> int | None:
    """The header's number; null where there is none, and all of the body is JSON.

    Raises:
        ProtocolError: no number, or more than the body has.
    """
    if header is None:
        return None
    if not _LENGTH.fullmatch(header) or int(header) > body_bytes:
        raise ProtocolError(
            f"{LENGTH_HEADER}: expected a whole number up to the body's {body_bytes} bytes, "
            f"received {json_fields.quoted(header)}"
        )
    return int(header)


def read_request(
    body: bytes, length: int | None, *, model: str, version: str | None
) -> InferRequest:
    """A request of JSON and binary tensors in any mix.

    Args:
        body: inflated.
        length: bytes of JSON; null: all of them.
        model: of the path.
        version: of the path; a number, an alias or null.

    Raises:
        ProtocolError: it is not what the protocol says; one sentence names the first fault.
        UnsupportedError: it refers to shared memory.
    """
    view = memoryview(body)
    length = len(view) if length is None else length
    document = json_fields.read_object(view[:length], _REQUEST)
    parameters = json_fields.parameters(document, _REQUEST)
    binary = json_fields.flag(parameters, "binary_data_output", _REQUEST, default=False)
    return InferRequest(
        model,
        version,
        json_fields.text(document, "id", _REQUEST, ""),
        parameters,
        _read_inputs(json_fields.objects(document, "inputs"), view[length:]),
        [_read_output(entry, binary=binary) for entry in json_fields.objects(document, "outputs")]
        or None,
        binary,
    )


def read_raw_request(
    body: bytes, spec: ImageInput, *, model: str, version: str | None
) -> InferRequest:
    """A body that is one tensor: ready pixels of one picture, or else an encoded picture.

    Everything is answered in binary, as such a request cannot say otherwise.
    """
    if len(body) == picture_bytes(spec) and not _is_picture(body):
        shape = (1, spec.height, spec.width, spec.channels)
        datatype = pixels_datatype(spec)
        values = read_binary(_input(PIXELS), datatype, shape, body)
        tensor = Tensor(PIXELS, datatype, shape, values)
    else:
        tensor = Tensor.of_elements(IMAGE, (1,), [body])
    return InferRequest(model, version, "", {}, [tensor], binary=True)


def write_response(
    request: InferRequest, response: InferResponse
) -> tuple[bytes, Mapping[str, str]]:
    """The body and what its headers say of it.

    Raises:
        NotFiniteError: JSON cannot say an output that was not asked for in binary.
    """
    binary = {wanted.name: wanted.binary for wanted in request.outputs or ()}
    pieces: list[bytes | memoryview] = []
    outputs: list[dict[str, Any]] = []
    for tensor in response.outputs:
        entry: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.shape,
        }
        if binary.get(tensor.name, request.binary):
            pieces.append(write_binary(tensor))
            entry["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            entry["data"] = write_json(tensor)
        outputs.append(entry)
    named = {"id": response.id} if response.id else {}
    document = orjson.dumps(
        {
            "model_name": response.model,
            "model_version": response.version,
            **named,
            "outputs": outputs,
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )
    if not pieces:
        return document, {"Content-Type": "application/json"}
    headers = {"Content-Type": "application/octet-stream", LENGTH_HEADER: str(len(document))}
    return b"".join([document, *pieces]), headers


def _read_inputs(entries: list[Json], rest: memoryview) -> list[Tensor]:
    """The inputs; those whose values are not in the JSON take theirs from what follows it."""
    tensors: list[Tensor] = []
    taken = 0
    for index, entry in enumerate(entries):
        name = json_fields.text(entry, "name", f"inputs[{index}]")
        where = _input(name)
        parameters = json_fields.parameters(entry, where)
        size = json_fields.count(parameters, "binary_data_size", where)
        if (size is None) == (entry.get("data") is None):
            raise ProtocolError(
                f"{where}: expected either 'data' or the parameter 'binary_data_size'"
            )
        datatype = json_fields.text(entry, "datatype", where)
        if datatype not in DATATYPES:
            raise ProtocolError(
                f"{where}: expected a datatype of {', '.join(DATATYPES)}, "
                f"received {json_fields.quoted(datatype)}"
            )
        shape = json_fields.shape(entry, where)
        if size is None:
            values = read_json(where, datatype, shape, entry["data"])
        else:
            values = read_binary(where, datatype, shape, rest[taken : taken + size])
            taken += size
        tensors.append(Tensor(name, datatype, shape, values, parameters))
    if taken != len(rest):
        raise ProtocolError(
            f"expected {taken} bytes of binary tensors after the JSON, as the inputs' "
            f"binary_data_size say, received {len(rest)}"
        )
    return tensors


def _read_output(entry: Json, *, binary: bool) -> WantedOutput:
    """One of the outputs that are asked for; `binary` is the request's own wish."""
    name = json_fields.text(entry, "name", "outputs")
    where = f"output {json_fields.quoted(name)}"
    parameters = json_fields.parameters(entry, where)
    return WantedOutput(
        name,
        json_fields.count(parameters, "classification", where) or 0,
        json_fields.flag(parameters, "binary_data", where, default=binary),
    )


def _input(name: str) -> str:
    """What an error calls an input."""
    return f"input {json_fields.quoted(name)}"


def _is_picture(body: bytes) -> bool:
    """Whether it begins like a picture file."""
    try:
        sniff(body)
    except UnsupportedImageError:
        return False
    return True
