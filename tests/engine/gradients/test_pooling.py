"""MaxPool, AveragePool and their global forms."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UnsupportedOperatorError
from engine.gradients import SEED, differentiate, gradient_name
from tests.engine.gradients.differences import check_gradients, network, node, run
from tests.engine.gradients.windowing import Windowed, windowed

Array = np.ndarray[Any, np.dtype[np.float64]]


def apart(*shape: int) -> Array:
    """Values so far apart that no step changes which is the largest."""
    count = int(np.prod(shape))
    return np.random.default_rng(4).permutation(count).reshape(shape) / count - 0.5


def check(kind: str, sizes: tuple[int, ...], **attributes: Any) -> None:
    """Of a pooling of two pictures of three channels."""
    model = network([node(kind, "x", **attributes)], {"x": ["batch", 3, *sizes]})
    check_gradients(model, {"x": apart(2, 3, *sizes)})


def slope(kind: str, x: Array, weights: Array, **attributes: Any) -> Array:
    """The gradient of the sum of weights · pooled."""
    model = network([node(kind, "x", **attributes)], {"x": x.shape})
    graph = differentiate(model, target="y", wrt=["x"])
    return run(graph, [gradient_name("x")], {"x": x, SEED: weights})[0]


@given(windows=windowed(pooling=True))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_window_gives_everything_to_its_maximum(windows: Windowed) -> None:
    check("MaxPool", windows.sizes, **windows.attributes)


def test_overlapping_windows_with_one_maximum_add_up() -> None:
    x = np.zeros((1, 1, 3, 5))
    x[0, 0, 1, 2] = 1
    weights = np.array([[[[2.0, 30.0]]]])
    found = slope("MaxPool", x, weights, kernel_shape=[3, 3], strides=[2, 2])
    assert found[0, 0, 1, 2] == 32
    assert found.sum() == 32


def test_of_equal_maxima_the_first_gets_everything() -> None:
    found = slope("MaxPool", np.ones((1, 1, 2, 3)), np.full((1, 1, 1, 1), 5.0), kernel_shape=[2, 3])
    np.testing.assert_array_equal(found, [[[[5, 0, 0], [0, 0, 0]]]])


def test_the_forward_graph_keeps_its_one_output_of_a_max_pool() -> None:
    model = network([node("MaxPool", "x", kernel_shape=[2, 2])], {"x": [1, 1, 4, 5]})
    before = model.SerializeToString()
    graph = differentiate(model, target="y", wrt=["x"])
    assert model.SerializeToString() == before
    assert len(graph.graph.node[0].output) == 2


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_a_window_behind_the_input_is_refused(kind: str) -> None:
    pool = node(kind, "x", kernel_shape=[2, 1], strides=[2, 3], ceil_mode=1)
    with pytest.raises(UnsupportedOperatorError, match="lies behind the input"):
        differentiate(network([pool], {"x": [1, 1, 4, 3]}), target="y", wrt=["x"])


def test_indices_counted_by_columns_are_refused() -> None:
    pool = node("MaxPool", "x", kernel_shape=[2, 2], storage_order=1)
    with pytest.raises(UnsupportedOperatorError, match="storage_order"):
        differentiate(network([pool], {"x": [1, 1, 4, 5]}), target="y", wrt=["x"])


@given(windows=windowed(pooling=True, dilated=False), padding=st.integers(0, 1))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_window_shares_among_all_its_rows(windows: Windowed, padding: int) -> None:
    check("AveragePool", windows.sizes, count_include_pad=padding, **windows.attributes)


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("strides", [[1, 1], [2, 3]])
def test_padding_counts_only_if_it_is_to(padding: int, strides: list[int]) -> None:
    attributes = {"kernel_shape": [3, 2], "pads": [1, 1, 2, 0], "count_include_pad": padding}
    check("AveragePool", (5, 6), strides=strides, **attributes)


@pytest.mark.parametrize("padding", [0, 1])
def test_rows_that_ceil_mode_adds_behind_the_padding_never_count(padding: int) -> None:
    attributes = {"kernel_shape": [3, 3], "strides": [3, 3], "pads": [1, 0, 1, 0]}
    check("AveragePool", (6, 5), ceil_mode=1, count_include_pad=padding, **attributes)


@pytest.mark.parametrize("kind", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("sizes", [(3, 5), (7,)])
def test_a_pool_over_everything(kind: str, sizes: tuple[int, ...]) -> None:
    check(kind, sizes)


def test_of_equal_global_maxima_the_first_gets_everything() -> None:
    found = slope("GlobalMaxPool", np.ones((2, 1, 2, 3)), np.array([5.0, 7.0]).reshape(2, 1, 1, 1))
    np.testing.assert_array_equal(found.reshape(2, -1), [[5, 0, 0, 0, 0, 0], [7, 0, 0, 0, 0, 0]])
