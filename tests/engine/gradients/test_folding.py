"""A factor per channel behind a convolution goes into the weight on the way back."""

import numpy as np
import pytest

from engine.gradients import differentiate
from tests.engine.gradients.differences import check_gradients, draw, network, node


@pytest.mark.parametrize(("group", "stride"), [(1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2)])
def test_the_gradient_is_the_same_and_one_product_less(group: int, stride: int) -> None:
    nodes = [
        node("Conv", "x w", "a", group=group, strides=[stride, stride]),
        node("Mul", "a scale", "b"),
        node("Sigmoid", "b"),
    ]
    constants = {"w": draw(1, 4, 4 // group, 3, 2), "scale": draw(2, 1, 4, 1, 1)}
    model = network(nodes, {"x": ["batch", 4, 6, 5]}, constants)
    check_gradients(model, {"x": draw(3, 2, 4, 6, 5)})
    graph = differentiate(model, target="y", wrt=["x"]).graph
    # Forward, the sigmoid's own two, and the weight's: none of the gradient with the scale.
    assert sum(each.op_type == "Mul" for each in graph.node) == 4
    both = differentiate(model, target="y", wrt=["x", "a"]).graph
    assert sum(each.op_type == "Mul" for each in both.node) == 5


@pytest.mark.parametrize("shape", [(1, 4, 1, 5), (1, 1, 1, 1), (4, 6, 5), (4, 1, 1)])
def test_another_factor_stays_where_it_is(shape: tuple[int, ...]) -> None:
    nodes = [node("Conv", "x w", "a", pads=[1, 1, 1, 1]), node("Mul", "a scale")]
    constants = {"w": draw(1, 4, 2, 3, 3), "scale": draw(2, *shape)}
    model = network(nodes, {"x": ["batch", 2, 6, 5]}, constants)
    slopes = check_gradients(model, {"x": draw(3, 2, 2, 6, 5)})
    assert np.any(slopes["x"])
