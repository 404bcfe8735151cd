"""Tensors in JSON and in binary: what goes in comes out."""

import math
from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.protocol.binary_tensors import read_binary, write_binary
from service.protocol.datatypes import BINARY_ONLY, BYTES, DATATYPES, datatype_of, numpy_dtype
from service.protocol.errors import NotFiniteError, ProtocolError
from service.protocol.json_tensors import read_json, write_json
from service.protocol.messages import Tensor

NUMBERS = [name for name in DATATYPES if name != BYTES]
SHAPE = (2, 3)


def some(datatype: str) -> np.ndarray:
    """Six values of a type, its extremes among them."""
    dtype = numpy_dtype(datatype)
    if dtype.kind == "b":
        return np.array([[True, False, True], [False, False, True]])
    about = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return np.array([[about.min, 0, 1], [2, 3, about.max]], dtype)


@pytest.mark.parametrize("datatype", NUMBERS)
def test_numbers_survive_their_way_in_binary(datatype: str) -> None:
    values = some(datatype)
    data = bytes(write_binary(Tensor.of_array("x", values)))
    assert len(data) == values.nbytes
    found = read_binary("x", datatype, SHAPE, data)
    assert isinstance(found, np.ndarray)
    assert datatype_of(found) == datatype
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("datatype", [name for name in NUMBERS if name not in BINARY_ONLY])
@pytest.mark.parametrize("nested", [True, False])
def test_numbers_survive_their_way_in_json(datatype: str, nested: bool) -> None:
    values = some(datatype)
    data = values.tolist() if nested else values.reshape(-1).tolist()
    found = read_json("x", datatype, SHAPE, data)
    assert isinstance(found, np.ndarray)
    assert datatype_of(found) == datatype
    np.testing.assert_array_equal(found, values)


def test_an_array_that_lies_askew_in_the_body_is_put_straight() -> None:
    data = memoryview(b"x" + np.arange(6, dtype="<f4").tobytes())[1:]
    found = read_binary("x", "FP32", SHAPE, data)
    assert isinstance(found, np.ndarray)
    assert found.flags.aligned
    np.testing.assert_array_equal(found, np.arange(6).reshape(SHAPE))


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_elements_of_bytes_survive_their_way_in_binary(elements: list[bytes]) -> None:
    shape = (len(elements),)
    data = write_binary(Tensor.of_elements("x", shape, elements))
    assert read_binary("x", BYTES, shape, data) == elements


@given(st.lists(st.text(max_size=20), max_size=8))
def test_elements_of_bytes_survive_their_way_in_json(texts: list[str]) -> None:
    shape = (len(texts),)
    found = read_json("x", BYTES, shape, texts)
    assert isinstance(found, list)
    assert write_json(Tensor.of_elements("x", shape, found)) == texts


@given(st.binary(max_size=64), st.integers(0, 9))
def test_any_bytes_are_elements_or_are_refused(data: bytes, count: int) -> None:
    try:
        found = read_binary("x", BYTES, (count,), data)
    except ProtocolError:
        return
    assert b"".join(pack("<I", len(each)) + each for each in found) == data


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_an_error_and_not_null(value: float) -> None:
    tensor = Tensor.of_array("mixed5", np.array([[1, value]], np.float32))
    with pytest.raises(NotFiniteError, match="output 'mixed5' has NaN or infinity"):
        write_json(tensor)
    assert len(write_binary(tensor)) == 8


def test_a_shape_without_elements_is_allowed() -> None:
    assert np.shape(read_json("x", "FP32", (0, 3), [])) == (0, 3)
    assert np.shape(read_binary("x", "FP32", (2, 0), b"")) == (2, 0)
    assert bytes(write_binary(Tensor.of_array("x", np.empty((0, 3), np.float32)))) == b""


def test_whole_numbers_do_for_floats_and_booleans_do_for_neither() -> None:
    assert np.shape(read_json("x", "FP32", (2,), [1, 2.5])) == (2,)
    with pytest.raises(ProtocolError, match="expected numbers for FP32, received others"):
        read_json("x", "FP32", (2,), [1, True])
    with pytest.raises(ProtocolError, match="expected true or false for BOOL, received others"):
        read_json("x", "BOOL", (2,), [1, True])
