"""Slices and frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UnsupportedOperatorError
from engine.gradients import differentiate
from tests.engine.gradients.differences import check_gradients, draw, network, node

FAR = 2**40
LENGTH = 5


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@given(
    start=st.sampled_from([-FAR, -4, -1, 0, 1, 3]), end=st.sampled_from([-FAR, -2, 2, 4, FAR]),
    stride=st.sampled_from([1, 2, 3, -1, -2]), axis=st.integers(-2, 2), dynamic=st.booleans(),
)  # fmt: skip
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_slice_of_any_stride(start: int, end: int, stride: int, axis: int, dynamic: bool) -> None:
    shape = [2, 3, 2]
    shape[axis] = LENGTH
    if not len(range(LENGTH)[max(start, -9) : min(end, 9) : stride]):
        return  # nothing is left, and nothing depends on anything
    constants = {"s": ints(start), "e": ints(end), "a": ints(axis), "t": ints(stride)}
    dims = [f"d{i}" if dynamic else length for i, length in enumerate(shape)]
    model = network([node("Slice", "x s e a t")], {"x": dims}, constants)
    check_gradients(model, {"x": draw(1, *shape)})


def test_several_axes_and_no_named_ones() -> None:
    constants = {"s": ints(0, 1, 3), "e": ints(2, FAR, -FAR), "t": ints(1, 1, -2),
                 "a": ints(0, 1, 3)}  # fmt: skip
    feeds = {"x": draw(1, 2, 3, 2, 4)}
    dims = {"x": ["batch", 3, 2, 4]}
    check_gradients(network([node("Slice", "x s e a t")], dims, constants), feeds)
    constants = {"s": ints(0, 1, 1), "e": ints(2, FAR, 2)}
    check_gradients(network([node("Slice", "x s e")], dims, constants), feeds)


def test_limits_that_are_computed() -> None:
    nodes = [node("Shape", "x", "e", start=1, end=2), node("Slice", "x s e a")]
    model = network(nodes, {"x": ["batch", "n"]}, {"s": ints(1), "a": ints(1)})
    check_gradients(model, {"x": draw(1, 2, 4)})


@pytest.mark.parametrize("pads", [(0, 1, 2, 0, 0, 3), (0, -1, 0, 0, 0, -2), (0, -1, 2, 0, 2, -1)])
@pytest.mark.parametrize("dims", [["batch", 4, 5], ["batch", "h", "w"]])
def test_a_frame_is_cut_and_a_cut_is_framed(pads: tuple[int, ...], dims: list[int | str]) -> None:
    model = network([node("Pad", "x p")], {"x": dims}, {"p": ints(*pads)})
    check_gradients(model, {"x": draw(1, 2, 4, 5)})


def test_a_frame_on_named_axes_with_a_value() -> None:
    constants = {"p": ints(1, 0, 2, 1), "v": np.array(7.0), "a": ints(2, 1)}
    model = network([node("Pad", "x p v a")], {"x": ["batch", 4, 5]}, constants)
    check_gradients(model, {"x": draw(1, 2, 4, 5)})


def test_a_mirrored_frame_is_refused() -> None:
    constants = {"p": ints(0, 1, 0, 1)}
    model = network([node("Pad", "x p", mode="reflect")], {"x": ["batch", 4]}, constants)
    with pytest.raises(UnsupportedOperatorError, match=r"Pad that computes 'y', with mode 'refl"):
        differentiate(model, target="y", wrt=["x"])
