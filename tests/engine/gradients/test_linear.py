"""Gemm and MatMul, both sides."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.gradients import differentiate
from tests.engine.gradients.differences import check_gradients, draw, network, node

Shape = tuple[int, ...]


@given(
    turns=st.tuples(st.booleans(), st.booleans()),
    bias=st.sampled_from([None, (), (1,), (4,), (3, 1), (3, 4)]),
    alpha=st.sampled_from([1.0, 0.5, -2.0]),
    beta=st.sampled_from([1.0, 0.25]),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_gemm_in_every_form(
    turns: tuple[bool, bool], bias: Shape | None, alpha: float, beta: float
) -> None:
    left, right = (2, 3) if turns[0] else (3, 2), (4, 2) if turns[1] else (2, 4)
    feeds = {"a": draw(1, *left), "b": draw(2, *right)}
    if bias is not None:
        feeds["c"] = draw(3, *bias)
    attributes: dict[str, Any] = {"alpha": alpha, "beta": beta}
    gemm = node("Gemm", " ".join(feeds), transA=int(turns[0]), transB=int(turns[1]), **attributes)
    check_gradients(network([gemm], {name: x.shape for name, x in feeds.items()}), feeds)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 2), (2, 4)),
        ((5, 3, 2), (5, 2, 4)),
        ((5, 3, 2), (2, 4)),
        ((3, 2), (5, 2, 4)),
        ((5, 1, 3, 2), (6, 2, 4)),
        ((1, 3, 2), (5, 2, 4)),
        ((2,), (2,)),
        ((2,), (2, 4)),
        ((3, 2), (2,)),
        ((2,), (5, 2, 4)),
        ((5, 3, 2), (2,)),
    ],
)
def test_products_of_matrices_stacks_and_vectors(left: Shape, right: Shape) -> None:
    model = network([node("MatMul", "a b")], {"a": left, "b": right})
    check_gradients(model, {"a": draw(1, *left), "b": draw(2, *right)})


@pytest.mark.parametrize("shape", [(3, 2), (3, 5, 2)])
def test_a_product_with_a_constant_of_a_batch_of_any_size(shape: Shape) -> None:
    weight = {"w": draw(2, 2, 4)}
    model = network([node("MatMul", "x w")], {"x": ["batch", *shape[1:]]}, weight)
    check_gradients(model, {"x": draw(1, *shape)})


def test_a_constant_of_a_batch_of_any_size_on_the_left() -> None:
    model = network([node("MatMul", "w x")], {"x": ["batch", 2, 5]}, {"w": draw(2, 4, 2)})
    check_gradients(model, {"x": draw(1, 3, 2, 5)})


def test_a_weight_gets_no_backward_node_unless_it_is_asked_for() -> None:
    model = network([node("Gemm", "x w")], {"x": [3, 2]}, {"w": np.ones((2, 4))})
    graph = differentiate(model, target="y", wrt=["x"]).graph
    assert [each.op_type for each in graph.node] == ["Gemm", "Gemm", "Identity"]
