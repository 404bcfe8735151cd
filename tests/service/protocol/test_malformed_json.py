"""Malformed JSON: each fault has its status, and one sentence that says what was expected."""

import httpx
import numpy as np
import pytest

from tests.service.protocol.bodies import Json, binary_pixels, pixels, post, protocol_error

ZEROS = np.zeros((1, 48, 64, 3), np.uint8)
BYTES = ZEROS.nbytes
GOOD = pixels(ZEROS)
BINARY, _ = binary_pixels(ZEROS)
IMAGE: Json = {"name": "image", "datatype": "BYTES", "shape": [1]}

DOCUMENTS: dict[str, tuple[object, str]] = {
    "no JSON": (b"{", "the request does not read as JSON: "),
    "nothing": (b"", "the request does not read as JSON: "),
    "not UTF-8": (b'{"id": "\xff"}', "the request does not read as JSON: "),
    "NaN": (
        {"inputs": [GOOD | {"data": [float("nan")]}]},
        "the request does not read as JSON: ",
    ),
    "deep": (b'{"inputs": ' + b"[" * 100_000, "the request does not read as JSON: "),
    "a list": ([], "the request: expected a JSON object, received a list of 0"),
    "no inputs": ({}, "expected one input, 'pixels' or 'image', received none"),
    "inputs that are no list": (
        {"inputs": {}},
        "'inputs': expected a list of objects, received an object",
    ),
    "too many inputs": (
        {"inputs": [{}] * 1025},
        "'inputs': expected at most 1024 objects, received 1025",
    ),
    "too many outputs": (
        {"inputs": [GOOD], "outputs": [{"name": "predictions"}] * 1025},
        "'outputs': expected at most 1024 objects, received 1025",
    ),
    "inputs of no objects": (
        {"inputs": [1]},
        "inputs[0]: expected a JSON object, received 1",
    ),
    "both inputs": (
        {"inputs": [GOOD, IMAGE | {"data": ["x"]}]},
        "expected one input, 'pixels' or 'image', received 'pixels', 'image'",
    ),
    "an input twice": (
        {"inputs": [GOOD, GOOD]},
        "expected one input, 'pixels' or 'image', received 'pixels', 'pixels'",
    ),
    "an unknown input": (
        {"inputs": [GOOD | {"name": "input_1"}]},
        "expected one input, 'pixels' or 'image', received 'input_1'",
    ),
    "an input without a name": (
        {"inputs": [{"shape": [1]}]},
        "inputs[0]: expected 'name' to be a string, received None",
    ),
    "an id that is no text": (
        {"id": 7, "inputs": [GOOD]},
        "the request: expected 'id' to be a string, received 7",
    ),
    "parameters that are no object": (
        {"parameters": [], "inputs": [GOOD]},
        "the request: 'parameters': expected a JSON object, received a list of 0",
    ),
    "a parameter that is an object": (
        {"parameters": {"a": {}}, "inputs": [GOOD]},
        "the request: expected parameter 'a' to be a string, a number or a boolean, "
        "received an object",
    ),
    "binary_data_output that is no boolean": (
        {"parameters": {"binary_data_output": 1}, "inputs": [GOOD]},
        "the request: expected parameter 'binary_data_output' to be true or false, received 1",
    ),
    "an unknown datatype": (
        {"inputs": [GOOD | {"datatype": "FLOAT"}]},
        "input 'pixels': expected a datatype of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, "
        "INT32, INT64, FP16, FP32, FP64, BYTES, received 'FLOAT'",
    ),
    "BF16": (
        {"inputs": [GOOD | {"datatype": "BF16"}]},
        "input 'pixels': expected a datatype of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, "
        "INT32, INT64, FP16, FP32, FP64, BYTES, received 'BF16'",
    ),
    "another datatype": (
        {"inputs": [GOOD | {"datatype": "FP32"}]},
        "input 'pixels': expected UINT8, received FP32",
    ),
    "pixels of BYTES": (
        {"inputs": [GOOD | {"datatype": "BYTES", "shape": [1], "data": ["x"]}]},
        "input 'pixels': expected UINT8, received BYTES",
    ),
    "FP16 in JSON": (
        {"inputs": [GOOD | {"datatype": "FP16"}]},
        "input 'pixels': FP16 is not written in JSON; send it as binary data",
    ),
    "no shape": (
        {"inputs": [{"name": "pixels", "datatype": "UINT8", "data": []}]},
        "input 'pixels': expected 'shape' to be a list of whole numbers, received None",
    ),
    "a negative length": (
        {"inputs": [GOOD | {"shape": [-1, 48, 64, 3]}]},
        "input 'pixels': expected 'shape' to be a list of whole numbers, received a list of 4",
    ),
    "a length that is true": (
        {"inputs": [GOOD | {"shape": [True, 48, 64, 3]}]},
        "input 'pixels': expected 'shape' to be a list of whole numbers, received a list of 4",
    ),
    "too many axes": (
        {"inputs": [GOOD | {"shape": [1] * 17}]},
        "input 'pixels': expected 'shape' to be a list of whole numbers, received a list of 17",
    ),
    "height and width exchanged": (
        {"inputs": [GOOD | {"shape": [1, 64, 48, 3]}]},
        "input 'pixels': expected shape [-1, 48, 64, 3] with at least 1 picture, "
        "received [1, 64, 48, 3]",
    ),
    "no batch axis": (
        {"inputs": [GOOD | {"shape": [48, 64, 3]}]},
        "input 'pixels': expected shape [-1, 48, 64, 3] with at least 1 picture, "
        "received [48, 64, 3]",
    ),
    "no picture": (
        {"inputs": [GOOD | {"shape": [0, 48, 64, 3], "data": []}]},
        "input 'pixels': expected shape [-1, 48, 64, 3] with at least 1 picture, "
        "received [0, 48, 64, 3]",
    ),
    "too few elements": (
        {"inputs": [GOOD | {"data": [1, 2]}]},
        "input 'pixels': expected 9216 elements for shape [1, 48, 64, 3], received 2",
    ),
    "a shape that promises a billion": (
        {"inputs": [GOOD | {"shape": [10**9, 48, 64, 3]}]},
        "input 'pixels': expected 9216000000000 elements for shape [1000000000, 48, 64, 3], "
        "received 9216",
    ),
    "nested otherwise": (
        {"inputs": [GOOD | {"data": ZEROS.reshape(1, 64, 48, 3).tolist()}]},
        "input 'pixels': 'data' is not nested as its shape [1, 48, 64, 3] is",
    ),
    "nested here and there": (
        {"inputs": [GOOD | {"data": [0, [0]]}]},
        "input 'pixels': 'data' is not nested as its shape [1, 48, 64, 3] is",
    ),
    "nested without a shape": (
        {"inputs": [GOOD | {"data": [[0]], "shape": []}]},
        "input 'pixels': 'data' is nested, and its shape is []",
    ),
    "data that is no list": (
        {"inputs": [GOOD | {"data": "x"}]},
        "input 'pixels': expected 'data' to be a list",
    ),
    "a level above 255": (
        {"inputs": [GOOD | {"data": [256] * BYTES}]},
        "input 'pixels': a value is outside the range of UINT8",
    ),
    "a level below 0": (
        {"inputs": [GOOD | {"data": [-1] * BYTES}]},
        "input 'pixels': a value is outside the range of UINT8",
    ),
    "levels that are not whole": (
        {"inputs": [GOOD | {"data": [0.5] * BYTES}]},
        "input 'pixels': expected whole numbers for UINT8, received others",
    ),
    "one text among the levels": (
        {"inputs": [GOOD | {"data": [0] * (BYTES - 1) + ["x" * 1000]}]},
        "input 'pixels': expected whole numbers for UINT8, received others",
    ),
    "one null among the levels": (
        {"inputs": [GOOD | {"data": [0] * (BYTES - 1) + [None]}]},
        "input 'pixels': expected whole numbers for UINT8, received others",
    ),
    "a number out of FP32's range": (
        {"inputs": [GOOD | {"datatype": "FP32", "data": [1e300] * BYTES}]},
        "input 'pixels': a value is outside the range of FP32",
    ),
    "no data": (
        {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [1]}]},
        "input 'pixels': expected either 'data' or the parameter 'binary_data_size'",
    ),
    "data twice": (
        {"inputs": [GOOD | {"parameters": {"binary_data_size": BYTES}}]},
        "input 'pixels': expected either 'data' or the parameter 'binary_data_size'",
    ),
    "binary data without its header": (
        {"inputs": [BINARY]},
        "input 'pixels': expected 9216 bytes for UINT8 of shape [1, 48, 64, 3], received 0",
    ),
    "a picture that is no text": (
        {"inputs": [IMAGE | {"data": [7]}]},
        "input 'image': expected strings for BYTES, received others",
    ),
    "pictures with two axes": (
        {"inputs": [IMAGE | {"shape": [1, 1], "data": ["x"]}]},
        "input 'image': expected shape [-1] with at least 1 picture, received [1, 1]",
    ),
    "no base64": (
        {"inputs": [IMAGE | {"data": ["%"], "parameters": {"content_type": "base64"}}]},
        "input 'image': expected base64, received other text",
    ),
    "an output without a name": (
        {"inputs": [GOOD], "outputs": [{}]},
        "outputs: expected 'name' to be a string, received None",
    ),
    "a negative classification": (
        {
            "inputs": [GOOD],
            "outputs": [{"name": "predictions", "parameters": {"classification": -1}}],
        },
        "output 'predictions': expected parameter 'classification' to be a whole number from 0, "
        "received -1",
    ),
    "a timeout that is no number": (
        {"inputs": [GOOD], "parameters": {"timeout": "soon"}},
        "parameter 'timeout': expected a whole number of µs from 0 to 30000000, received soon",
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_malformed_json_is_400(client: httpx.Client, name: str) -> None:
    document, says = DOCUMENTS[name]
    error = protocol_error(post(client, document), 400)
    assert error.startswith(says) if says.endswith(": ") else error == says


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": [GOOD], "outputs": [{"name": "n" * 100_000}] * 2},
        {"inputs": [GOOD], "outputs": [{"name": "n" * 100_000}]},
        {"inputs": [GOOD | {"name": "n" * 100_000}]},
        {"inputs": [GOOD | {"datatype": "n" * 100_000}]},
        {"inputs": [GOOD], "parameters": {"n" * 100_000: []}},
        {"inputs": [GOOD], "parameters": {"timeout": "n" * 100_000}},
    ],
)
def test_an_error_repeats_little_of_what_was_written(client: httpx.Client, document: Json) -> None:
    assert len(protocol_error(post(client, document), 400)) < 500
