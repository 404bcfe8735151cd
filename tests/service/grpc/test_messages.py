"""Messages that nobody would send on purpose: read, or refused in one sentence."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.grpc import open_inference_pb2 as pb
from service.grpc.inference_messages import read_infer_request, write_infer_response
from service.grpc.messages import inflate, is_compressed, read_message
from service.protocol.datatypes import DATATYPES, numpy_dtype
from service.protocol.errors import ProtocolError
from service.protocol.messages import InferResponse, Tensor

FIELDS = [field.name for field in pb.InferTensorContents.DESCRIPTOR.fields]
INTEGERS = {
    "int_contents": (-(2**31), 2**31 - 1),
    "int64_contents": (-(2**63), 2**63 - 1),
    "uint_contents": (0, 2**32 - 1),
    "uint64_contents": (0, 2**64 - 1),
}


def elements(field: str) -> st.SearchStrategy[Any]:
    """What that field holds."""
    if field in INTEGERS:
        low, high = INTEGERS[field]
        return st.integers(low, high)
    others = {"bool_contents": st.booleans(), "bytes_contents": st.binary(max_size=20)}
    return others.get(field, st.floats(width=32))


@st.composite
def contents(draw: st.DrawFn) -> pb.InferTensorContents:
    fields = draw(st.lists(st.sampled_from(FIELDS), max_size=2, unique=True))
    return pb.InferTensorContents(**{f: draw(st.lists(elements(f), max_size=6)) for f in fields})


@st.composite
def requests(draw: st.DrawFn) -> pb.ModelInferRequest:
    request = pb.ModelInferRequest(model_name=draw(st.text(max_size=5)))
    for _ in range(draw(st.integers(0, 2))):
        tensor = request.inputs.add(
            name=draw(st.sampled_from(["pixels", "image", ""])),
            datatype=draw(st.sampled_from([*DATATYPES, "BF16", ""])),
            shape=draw(st.lists(st.integers(-1, 4) | st.integers(-(2**63), 2**63 - 1), max_size=3)),
        )
        if draw(st.booleans()):
            tensor.contents.CopyFrom(draw(contents()))
    request.raw_input_contents.extend(draw(st.lists(st.binary(max_size=40), max_size=2)))
    return request


@settings(max_examples=500, deadline=None)
@given(requests())
def test_any_request_is_read_or_refused(request: pb.ModelInferRequest) -> None:
    with suppress(ProtocolError):
        for tensor in read_infer_request(request).inputs:
            assert tensor.datatype in DATATYPES
            if isinstance(tensor.values, list):
                assert len(tensor.values) == np.prod(tensor.shape, dtype=object)
            else:
                assert tensor.values.shape == tensor.shape
                assert tensor.values.dtype == numpy_dtype(tensor.datatype)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda data: b"\x1f\x8b\x08" + data))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    with suppress(ProtocolError):
        plain = inflate(data, 10_000) if is_compressed(data) else data
        read_message(pb.ModelInferRequest, plain)


@pytest.mark.parametrize("datatype", [name for name in DATATYPES if name not in ("BYTES", "FP16")])
def test_typed_contents_are_the_raw_ones(datatype: str) -> None:
    values = np.array([[0, 1, 1], [1, 0, 1]], numpy_dtype(datatype))
    kind = {"b": "bool", "u": "uint", "i": "int", "f": "fp"}[values.dtype.kind]
    wide = f"{kind}{values.dtype.itemsize * 8}"
    field = {"bool8": "bool", "uint64": "uint64", "int64": "int64", "fp32": "fp32", "fp64": "fp64"}
    name = f"{field.get(wide, kind)}_contents"
    tensor = {"name": "pixels", "datatype": datatype, "shape": [2, 3]}
    typed = pb.ModelInferRequest(inputs=[tensor])
    getattr(typed.inputs[0].contents, name).extend(values.reshape(-1).tolist())
    raw = pb.ModelInferRequest(inputs=[tensor], raw_input_contents=[values.tobytes()])
    for request in (typed, raw):
        [read] = read_infer_request(request).inputs
        assert isinstance(read.values, np.ndarray)
        np.testing.assert_array_equal(read.values, values)
        assert read.values.dtype == values.dtype


def test_fp16_comes_raw() -> None:
    values = np.array([[0.5, -2, 1e-7]], "<f2")
    tensor = {"name": "pixels", "datatype": "FP16", "shape": [1, 3]}
    request = pb.ModelInferRequest(inputs=[tensor], raw_input_contents=[values.tobytes()])
    [read] = read_infer_request(request).inputs
    np.testing.assert_array_equal(read.values, values)


def test_parameters_of_every_kind_are_read() -> None:
    request = pb.ModelInferRequest()
    request.parameters["yes"].bool_param = True
    request.parameters["many"].int64_param = -7
    request.parameters["word"].string_param = "grün"
    request.parameters["half"].double_param = 0.5
    request.parameters["more"].uint64_param = 2**63
    request.parameters["nothing"].SetInParent()
    parameters = read_infer_request(request).parameters
    assert parameters == {"yes": True, "many": -7, "word": "grün", "half": 0.5, "more": 2**63}


def test_an_answer_has_its_tensors_in_raw_bytes_in_their_order() -> None:
    numbers = Tensor.of_array("predictions", np.array([[0.25, 0.75]], np.float32))
    texts = Tensor.of_elements("pool", (1, 2), [b"0.7:1:b", "0.3:0:ä".encode()])
    message = write_infer_response(InferResponse("colours", "2", "mine", [texts, numbers]))
    assert (message.model_name, message.model_version, message.id) == ("colours", "2", "mine")
    assert [(o.name, o.datatype, list(o.shape)) for o in message.outputs] == [
        ("pool", "BYTES", [1, 2]),
        ("predictions", "FP32", [1, 2]),
    ]
    assert message.raw_output_contents[0] == b"\x07\0\0\x000.7:1:b\x08\0\0\x000.3:0:\xc3\xa4"
    assert message.raw_output_contents[1] == np.array([0.25, 0.75], "<f4").tobytes()
