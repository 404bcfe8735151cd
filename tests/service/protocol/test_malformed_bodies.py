"""Binary tensors whose sizes do not add up, and whatever else no body may be."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from tests.service.protocol.bodies import (
    INFER,
    LENGTH,
    Json,
    binary_image,
    binary_pixels,
    elements,
    pixels,
    post,
    protocol_error,
)

ZEROS = np.zeros((1, 48, 64, 3), np.uint8)
BYTES = ZEROS.nbytes
GOOD = pixels(ZEROS)
BINARY, DATA = binary_pixels(ZEROS)
IMAGE: Json = {"name": "image", "datatype": "BYTES", "shape": [1]}

BODIES: dict[str, tuple[Json, bytes, str]] = {
    "too few bytes": (
        BINARY,
        DATA[:-1],
        "input 'pixels': expected 9216 bytes for UINT8 of shape [1, 48, 64, 3], received 9215",
    ),
    "bytes after the last tensor": (
        BINARY,
        DATA + b"more",
        "expected 9216 bytes of binary tensors after the JSON, as the inputs' binary_data_size "
        "say, received 9220",
    ),
    "another size than the shape's": (
        BINARY | {"parameters": {"binary_data_size": 3}},
        DATA,
        "input 'pixels': expected 9216 bytes for UINT8 of shape [1, 48, 64, 3], received 3",
    ),
    "a negative size": (
        BINARY | {"parameters": {"binary_data_size": -1}},
        DATA,
        "input 'pixels': expected parameter 'binary_data_size' to be a whole number from 0, "
        "received -1",
    ),
    "a size that is no number": (
        BINARY | {"parameters": {"binary_data_size": "9216"}},
        DATA,
        "input 'pixels': expected parameter 'binary_data_size' to be a whole number from 0, "
        "received '9216'",
    ),
    "FP16 for a network of levels": (
        BINARY | {"datatype": "FP16", "parameters": {"binary_data_size": 2 * BYTES}},
        DATA + DATA,
        "input 'pixels': expected UINT8, received FP16",
    ),
    "booleans that are none": (
        BINARY | {"datatype": "BOOL"},
        b"\x02" * BYTES,
        "input 'pixels': expected bytes 0 and 1 for BOOL, received others",
    ),
    "an element that ends beyond the tensor": (
        IMAGE | {"parameters": {"binary_data_size": 5}},
        b"\xff\xff\xff\xffx",
        "input 'image': element 0 ends beyond the tensor's 5 bytes; expected 4 bytes of its "
        "length, little-endian, and so many bytes",
    ),
    "half a length": (
        IMAGE | {"parameters": {"binary_data_size": 3}},
        b"\x00\x00\x00",
        "input 'image': element 0 ends beyond the tensor's 3 bytes; expected 4 bytes of its "
        "length, little-endian, and so many bytes",
    ),
    "fewer elements than the shape's": (
        IMAGE | {"shape": [2], "parameters": {"binary_data_size": 5}},
        elements(b"x"),
        "input 'image': expected 2 elements of BYTES for shape [2], received 1 and 0 bytes after "
        "them",
    ),
    "more elements than the shape's": (
        IMAGE | {"parameters": {"binary_data_size": 10}},
        elements(b"x", b"y"),
        "input 'image': expected 1 elements of BYTES for shape [1], received 1 and 5 bytes after "
        "them",
    ),
    "a million empty elements": (
        IMAGE | {"shape": [1_000_000], "parameters": {"binary_data_size": 4}},
        bytes(4),
        "input 'image': expected at most 65536 elements of BYTES, shape [1000000] has 1000000",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_binary_tensors_that_do_not_add_up_are_400(client: httpx.Client, name: str) -> None:
    entry, data, says = BODIES[name]
    assert protocol_error(post(client, {"inputs": [entry]}, data), 400) == says


@pytest.mark.parametrize("length", ["99999", "-1", "1.5", "many", "", "1" * 5000, "0" * 5000, "²"])
def test_a_header_length_that_cannot_be_is_400(client: httpx.Client, length: str) -> None:
    answer = client.post(
        INFER, content=json.dumps({"inputs": [GOOD]}), headers={LENGTH.encode(): length.encode()}
    )
    error = protocol_error(answer, 400)
    assert error.startswith(f"{LENGTH}: expected a whole number up to the body's ")


def test_a_header_length_inside_the_json_is_400(client: httpx.Client) -> None:
    answer = client.post(INFER, content=json.dumps({"inputs": [GOOD]}), headers={LENGTH: "9"})
    assert protocol_error(answer, 400).startswith("the request does not read as JSON: ")


@pytest.mark.parametrize("where", ["input", "output"])
def test_shared_memory_is_501(client: httpx.Client, where: str) -> None:
    region = {"parameters": {"shared_memory_region": "mine"}}
    inputs = [BINARY | region] if where == "input" else [GOOD]
    wanted = [{"name": "predictions"} | (region if where == "output" else {})]
    error = protocol_error(post(client, {"inputs": inputs, "outputs": wanted}), 501)
    assert error.endswith(": shared memory is not supported; send the data itself")


def test_more_pictures_than_a_request_may_bring_are_413(client: httpx.Client) -> None:
    says = "expected at most 64 pictures in one request, received 65"
    entry, data = binary_pixels(np.repeat(ZEROS, 65, axis=0))
    assert protocol_error(post(client, {"inputs": [entry]}, data), 413) == says
    entry, data = binary_image(*[b"x"] * 65)
    assert protocol_error(post(client, {"inputs": [entry]}, data), 413) == says


def test_a_raw_body_that_is_neither_pixels_nor_a_picture_is_415(client: httpx.Client) -> None:
    answer = client.post(INFER, content=DATA[:-1], headers={LENGTH: "0"})
    assert protocol_error(answer, 415).startswith("these bytes are not a picture")
    answer = client.post(INFER, content=b"", headers={LENGTH: "0"})
    assert protocol_error(answer, 400).startswith("the picture is empty")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nothing", 404),
        ("GET", "/v2/models/nobody", 404),
        ("GET", "/v2/models/nobody/ready", 404),
        ("GET", "/v2/models/nobody/config", 404),
        ("POST", "/v2/models/nobody/infer", 404),
        ("GET", "/v2/models/colours/versions/77", 404),
        ("GET", "/v2/systemsharedmemory/status", 404),
        ("GET", INFER, 405),
        ("POST", "/v2", 405),
        ("DELETE", "/v2/models/colours", 405),
    ],
)
def test_what_is_not_there_is_said_in_the_protocols_shape(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    protocol_error(answer, status)
    assert ("allow" in answer.headers) == (status == 405)


def test_bodies_that_are_too_large_are_refused_in_the_protocols_shape(
    client: httpx.Client, refused: Callable[..., Any]
) -> None:
    answer = client.post(INFER, content=bytes(40_000_000))
    assert protocol_error(answer, 413).startswith("expected a body of at most 32000000 bytes")
    refused(client.get("/v1/models/nobody"), 404, "model_not_found")
