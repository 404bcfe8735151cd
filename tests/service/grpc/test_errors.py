"""Malformed requests over gRPC: each has its exact status, and a sentence that says why."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest

from service.grpc import open_inference_pb2 as pb
from tests.service.grpc.conftest import SERVICE, Client, failure_of, pixels_of, raw_request, wanted

Input = pb.ModelInferRequest.InferInputTensor
Contents = pb.InferTensorContents
INVALID = grpc.StatusCode.INVALID_ARGUMENT

Change = Callable[[Any], Any]


def without_inputs(request: Any) -> None:
    del request.inputs[:]
    del request.raw_input_contents[:]


def typed(request: Any, datatype: str, shape: tuple[int, ...], **contents: Any) -> None:
    without_inputs(request)
    name = "image" if datatype == "BYTES" else "pixels"
    request.inputs.add(name=name, datatype=datatype, shape=shape, contents=Contents(**contents))


def raw_image(request: Any, raw: bytes, shape: tuple[int, ...] = (1,)) -> None:
    without_inputs(request)
    request.inputs.add(name="image", datatype="BYTES", shape=shape)
    request.raw_input_contents.append(raw)


MALFORMED: dict[str, tuple[Change, str]] = {
    "no input": (without_inputs, "expected one input"),
    "an unknown input": (lambda r: setattr(r.inputs[0], "name", "x"), "received 'x'"),
    "an input twice": (
        lambda r: (r.inputs.append(r.inputs[0]), r.raw_input_contents.append(b"")),
        "expected",
    ),
    "more raw contents than inputs": (
        lambda r: r.raw_input_contents.append(b"more"),
        "expected raw_input_contents of each of 1 inputs",
    ),
    "raw and typed contents": (
        lambda r: r.inputs[0].contents.uint_contents.append(1),
        "received both",
    ),
    "raw contents that are too short": (
        lambda r: r.raw_input_contents.__setitem__(0, b"\x00" * 10),
        "expected 9216 bytes for UINT8 of shape [1, 48, 64, 3], received 10",
    ),
    "no contents at all": (
        lambda r: r.raw_input_contents.pop(),
        "expected 9216 elements for shape [1, 48, 64, 3], received 0",
    ),
    "another shape": (
        lambda r: r.inputs[0].shape.__setitem__(1, 24) or r.inputs[0].shape.__setitem__(2, 128),
        "expected shape [-1, 48, 64, 3]",
    ),
    "a negative length": (
        lambda r: r.inputs[0].shape.__setitem__(0, -1),
        "lengths from 0",
    ),
    "a shape of too many axes": (lambda r: r.inputs[0].shape.extend([1] * 20), "at most 16"),
    "no pictures": (
        lambda r: (
            r.inputs[0].shape.__setitem__(0, 0),
            r.raw_input_contents.__setitem__(0, b""),
        ),
        "at least 1 picture",
    ),
    "an unknown datatype": (
        lambda r: setattr(r.inputs[0], "datatype", "COLOUR"),
        "expected a datatype of BOOL",
    ),
    "a datatype that the model does not take": (
        lambda r: setattr(r.inputs[0], "datatype", "INT8"),
        "expected UINT8, received INT8",
    ),
    "FP16 that is not raw": (
        lambda r: typed(r, "FP16", (1, 48, 64, 3), fp32_contents=[0.0]),
        "FP16 travels in raw_input_contents alone",
    ),
    "contents in another field": (
        lambda r: typed(r, "UINT8", (1, 48, 64, 3), fp32_contents=[0.0]),
        "expected uint_contents for UINT8, received fp32_contents",
    ),
    "fewer typed elements than the shape says": (
        lambda r: typed(r, "UINT8", (1, 48, 64, 3), uint_contents=[1, 2, 3]),
        "expected 9216 elements",
    ),
    "a value outside its datatype": (
        lambda r: typed(r, "UINT8", (1, 48, 64, 3), uint_contents=[256] * 9216),
        "outside the range of UINT8",
    ),
    "pixels as encoded pictures": (
        lambda r: setattr(r.inputs[0], "name", "image"),
        "expected BYTES, received UINT8",
    ),
    "an element that ends beyond its bytes": (
        lambda r: raw_image(r, b"\xff\x00\x00\x00abc"),
        "ends beyond the tensor's 7 bytes",
    ),
    "fewer pictures than the shape says": (
        lambda r: typed(r, "BYTES", (2,), bytes_contents=[b"one"]),
        "expected 2 elements",
    ),
    "an unknown output": (
        lambda r: r.outputs.extend(wanted("pooling")),
        "no output of that name",
    ),
    "an output twice": (
        lambda r: r.outputs.extend(wanted("pool", "pool")),
        "'pool' is asked for twice",
    ),
    "a classification that is no count": (
        lambda r: r.outputs.extend(wanted("predictions", classification=-1)),
        "expected parameter 'classification' to be a whole number from 0",
    ),
    "a timeout that is no number": (
        lambda r: r.parameters["timeout"].MergeFrom(pb.InferParameter(string_param="soon")),
        "'timeout'",
    ),
}


@pytest.mark.parametrize(("change", "says"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_an_invalid_argument(
    grpc_client: Client, change: Change, says: str
) -> None:
    request = raw_request(pixels_of(1))
    change(request)
    error = grpc_client.fails("ModelInfer", request)
    assert error.code == INVALID, error.details
    assert says in error.details


def test_bytes_that_are_no_picture_are_refused_with_their_index(
    grpc_client: Client, pictures: tuple[bytes, ...]
) -> None:
    request = pb.ModelInferRequest(model_name="colours")
    typed(request, "BYTES", (2,), bytes_contents=[pictures[0], b"no picture"])
    error = grpc_client.fails("ModelInfer", request)
    assert error.code == INVALID
    assert "1" in error.details


def test_too_many_pictures_are_an_invalid_argument(grpc_client: Client) -> None:
    error = grpc_client.fails("ModelInfer", raw_request(pixels_of(*[0] * 65)))
    assert error.code == INVALID
    assert "at most 64 pictures" in error.details


@pytest.mark.parametrize("where", ["request", "input", "output"])
def test_shared_memory_is_unimplemented(grpc_client: Client, where: str) -> None:
    request = raw_request(pixels_of(0), outputs=wanted("predictions"))
    said = {"request": request, "input": request.inputs[0], "output": request.outputs[0]}[where]
    said.parameters["shared_memory_region"].string_param = "region"
    error = grpc_client.fails("ModelInfer", request)
    assert error.code == grpc.StatusCode.UNIMPLEMENTED
    assert "shared memory" in error.details


@pytest.mark.parametrize(
    ("model", "version"), [("nothing", ""), ("colours", "77"), ("colours", "canary"), ("", "")]
)
def test_a_model_that_is_not_served_is_not_found(
    grpc_client: Client, model: str, version: str
) -> None:
    request = raw_request(pixels_of(0), model=model, model_version=version)
    assert grpc_client.fails("ModelInfer", request).code == grpc.StatusCode.NOT_FOUND


def test_a_method_that_does_not_exist_is_unimplemented(grpc_client: Client) -> None:
    call = grpc_client.raw("SystemSharedMemoryStatus")
    error = failure_of(lambda: call(b"", timeout=30))
    assert error.code == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"\x0a\xff\xff\xff\xff\x7f", "expected a message ModelInferRequest"),
        (b"\xff" * 100, "expected a message ModelInferRequest"),
        (b"\x1f\x8bnot gzip", "does not inflate"),
        (b"\x78\x9c\x00", "ends before its end"),
    ],
)
def test_bytes_that_are_no_message_are_an_invalid_argument(
    grpc_client: Client, sent: bytes, says: str
) -> None:
    call = grpc_client.raw("ModelInfer")
    error = failure_of(lambda: call(sent, timeout=30))
    assert error.code == INVALID
    assert says in error.details


def test_a_call_without_a_message_is_answered(grpc_client: Client) -> None:
    call = grpc_client.channel.stream_unary(f"/{SERVICE}/ModelInfer")
    error = failure_of(lambda: call(iter(()), timeout=30))
    assert error.code in (INVALID, grpc.StatusCode.NOT_FOUND)


def test_answers_are_finite_or_say_that_they_are_not(grpc_client: Client) -> None:
    answer = grpc_client.call("ModelInfer", raw_request(pixels_of(0, 1, 2)))
    assert np.isfinite(np.frombuffer(answer.raw_output_contents[0], "<f4")).all()
