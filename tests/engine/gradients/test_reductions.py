"""Sums, means and extremes along axes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.gradients import SEED, differentiate, gradient_name
from tests.engine.gradients.differences import check_gradients, draw, network, node, run

KINDS = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"]


@pytest.mark.parametrize("kind", KINDS)
@given(
    axes=st.sets(st.integers(0, 3), min_size=1), negative=st.booleans(),
    keepdims=st.sampled_from([0, 1, None]), dynamic=st.sets(st.integers(0, 3)),
)  # fmt: skip
@settings(max_examples=8, deadline=None, derandomize=True)
def test_along_any_axes(
    kind: str, axes: set[int], negative: bool, keepdims: int | None, dynamic: set[int]
) -> None:
    shape = (2, 3, 1, 4)
    attributes: dict[str, Any] = {} if keepdims is None else {"keepdims": keepdims}
    listed = np.array([axis - 4 if negative else axis for axis in axes], np.int64)
    dims = [f"d{axis}" if axis in dynamic else length for axis, length in enumerate(shape)]
    model = network([node(kind, "x axes", **attributes)], {"x": dims}, {"axes": listed})
    check_gradients(model, {"x": draw(4, *shape)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keepdims", [0, 1])
def test_along_all_axes(kind: str, keepdims: int) -> None:
    model = network([node(kind, "x", keepdims=keepdims)], {"x": ["batch", 3, 4]})
    check_gradients(model, {"x": draw(4, 2, 3, 4)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("noop", [0, 1])
def test_no_axes_are_all_axes_or_none(kind: str, noop: int) -> None:
    axes = {"axes": np.array([], np.int64)}
    nodes = [node(kind, "x axes", noop_with_empty_axes=noop)]
    check_gradients(network(nodes, {"x": ["batch", 3]}, axes), {"x": draw(4, 2, 3)})


def test_equal_maxima_share_the_gradient() -> None:
    axes = {"axes": np.array([1], np.int64)}
    model = network([node("ReduceMax", "x axes", keepdims=0)], {"x": ["batch", 3]}, axes)
    graph = differentiate(model, target="y", wrt=["x"])
    feeds = {"x": np.array([[1.0, 1.0, 0.0]]), SEED: np.array([3.0])}
    assert run(graph, [gradient_name("x")], feeds)[0].tolist() == [[1.5, 1.5, 0]]
