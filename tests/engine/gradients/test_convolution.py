"""Conv: the gradient of its data, for every way in which its windows may lie."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import GraphError, UnsupportedOperatorError
from engine.gradients import differentiate
from tests.engine.gradients.differences import check_gradients, draw, network, node
from tests.engine.gradients.windowing import Windowed, windowed

CHANNELS = 4


def check(sizes: tuple[int, ...], groups: tuple[int, int], **attributes: Any) -> None:
    """Of a Conv with bias; `groups` are their number and the outputs that each has."""
    group, outputs = groups
    x = draw(1, 2, CHANNELS, *sizes)
    weight = draw(2, group * outputs, CHANNELS // group, *attributes["kernel_shape"])
    model = network(
        [node("Conv", "x w b", group=group, **attributes)],
        {"x": ["batch", CHANNELS, *sizes]},
        {"w": weight, "b": draw(3, group * outputs)},
    )
    check_gradients(model, {"x": x}, wrt=["x"])


def backward_operators(**attributes: Any) -> Counter[str]:
    """What the gradient of a Conv of 3 by 2 consists of, without its seed's Identity."""
    weight = draw(2, 4, 4 // attributes.get("group", 1), 3, 2)
    model = network([node("Conv", "x w", **attributes)], {"x": ["batch", 4, 7, 9]}, {"w": weight})
    graph = differentiate(model, target="y", wrt=["x"]).graph
    return Counter(each.op_type for each in graph.node[1:])


@given(
    windows=windowed(),
    groups=st.sampled_from([(1, 3), (2, 2), (CHANNELS, 1), (CHANNELS, 2)]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_stride_padding_dilation_and_group(windows: Windowed, groups: tuple[int, int]) -> None:
    check(windows.sizes, groups, **windows.attributes)


@pytest.mark.parametrize("groups", [(1, 3), (2, 2), (CHANNELS, 1), (CHANNELS, 2)])
@pytest.mark.parametrize("dilations", [[1, 1], [2, 1]])
def test_a_stride_of_one_in_every_kind_of_group(
    groups: tuple[int, int], dilations: list[int]
) -> None:
    check((5, 6), groups, kernel_shape=[3, 2], pads=[1, 0, 2, 1], dilations=dilations)


def test_a_kernel_of_one_pixel() -> None:
    check((4, 5), (1, 3), kernel_shape=[1, 1])


def test_strides_beyond_the_kernel_leave_rows_without_gradient() -> None:
    check((7, 9), (1, 2), kernel_shape=[1, 2], strides=[3, 4])


def test_last_rows_that_no_window_reached() -> None:
    check((8, 6), (2, 2), kernel_shape=[3, 3], strides=[3, 2], pads=[0, 1, 0, 0])


def test_padding_wider_than_the_kernel() -> None:
    check((4, 5), (1, 2), kernel_shape=[2, 1], pads=[2, 1, 3, 0])


def test_three_spatial_axes() -> None:
    check((3, 4, 2), (1, 2), kernel_shape=[2, 3, 1], strides=[1, 2, 1], pads=[0, 1, 0, 1, 0, 0])


def test_the_kernel_shape_may_be_left_to_the_weight() -> None:
    model = network(
        [node("Conv", "x w", strides=[2, 1])], {"x": [1, 2, 5, 4]}, {"w": draw(2, 3, 2, 3, 2)}
    )
    check_gradients(model, {"x": draw(1, 1, 2, 5, 4)})


def test_stride_one_goes_back_through_a_conv_and_others_through_its_transpose() -> None:
    assert backward_operators() == {"Transpose": 1, "Slice": 1, "Conv": 1, "Identity": 1}
    assert backward_operators(group=4) == {"Slice": 1, "Conv": 1, "Identity": 1}
    assert backward_operators(strides=[2, 2]) == {"ConvTranspose": 1, "Identity": 1}


def test_a_weight_computed_from_the_data_is_refused() -> None:
    model = network([node("Conv", "x w")], {"x": [1, 2, 5, 4], "w": [3, 2, 3, 2]})
    with pytest.raises(UnsupportedOperatorError, match="only constant weights"):
        differentiate(model, target="y", wrt=["x", "w"])
    differentiate(model, target="y", wrt=["x"])


def test_a_height_that_is_not_known_is_refused() -> None:
    model = network([node("Conv", "x w")], {"x": [1, 2, "height", 4]}, {"w": np.ones((1, 2, 2, 2))})
    with pytest.raises(GraphError, match="must be known before running"):
        differentiate(model, target="y", wrt=["x"])
