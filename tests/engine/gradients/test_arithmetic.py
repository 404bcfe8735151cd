"""Element by element, several inputs broadcast in any position."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UnsupportedOperatorError
from engine.gradients import SEED, differentiate, gradient_name
from tests.engine.gradients.differences import check_gradients, draw, network, node, run

Shapes = tuple[tuple[int, ...], tuple[int, ...]]


@st.composite
def broadcast_shapes(draws: st.DrawFn) -> Shapes:
    """Two shapes that broadcast together."""
    full = draws(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    shapes = [[draws(st.sampled_from([1, length])) for length in full] for _ in range(2)]
    cut = draws(st.integers(0, len(full) - 1))
    shapes[draws(st.integers(0, 1))][:cut] = []
    return tuple(shapes[0]), tuple(shapes[1])


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div", "Sum", "Max", "Min"])
@given(shapes=broadcast_shapes(), dynamic=st.booleans())
@settings(max_examples=8, deadline=None, derandomize=True)
def test_both_inputs_get_their_gradient(kind: str, shapes: Shapes, dynamic: bool) -> None:
    feeds = {"a": draw(1, *shapes[0], low=0.5, high=2), "b": draw(2, *shapes[1], low=0.5, high=2)}
    names = {
        name: [f"{name}{axis}" if dynamic else length for axis, length in enumerate(value.shape)]
        for name, value in feeds.items()
    }
    check_gradients(network([node(kind, "a b")], names), feeds)


def test_a_sum_of_three_gives_each_its_own() -> None:
    feeds = {"a": draw(1, 2, 3), "b": draw(2, 3), "c": draw(3, 2, 1)}
    shapes = {name: value.shape for name, value in feeds.items()}
    check_gradients(network([node("Sum", "a b c")], shapes), feeds)
    check_gradients(network([node("Max", "a b c")], shapes), feeds)


def test_a_tensor_times_itself_has_twice_its_gradient() -> None:
    slopes = check_gradients(network([node("Mul", "x x")], {"x": [2, 3]}), {"x": draw(1, 2, 3)})
    assert slopes["x"].any()


def test_of_equals_only_the_first_gets_the_gradient() -> None:
    model = network([node("Max", "a b")], {"a": [3], "b": [3]})
    graph = differentiate(model, target="y", wrt=["a", "b"])
    feeds = {"a": np.ones(3), "b": np.ones(3), SEED: np.array([1.0, 2.0, 3.0])}
    first, second = run(graph, [gradient_name("a"), gradient_name("b")], feeds)
    assert first.tolist() == [1, 2, 3]
    assert second.tolist() == [0, 0, 0]


@pytest.mark.parametrize("exponent", [2.0, 0.5, -1.5, 1.0])
def test_a_power_with_a_constant_exponent(exponent: float) -> None:
    model = network([node("Pow", "x p")], {"x": ["batch", 3]}, {"p": np.array(exponent)})
    check_gradients(model, {"x": draw(1, 2, 3, low=0.5, high=2)})


def test_a_power_with_a_computed_exponent_is_refused() -> None:
    model = network([node("Pow", "x p")], {"x": [2, 3], "p": [2, 3]})
    with pytest.raises(UnsupportedOperatorError, match=r"Pow that computes 'y'.*exponent"):
        differentiate(model, target="y", wrt=["x"])


def test_each_branch_gets_the_gradient_where_it_was_taken() -> None:
    nodes = [node("Greater", "a b", "taken"), node("Where", "taken a b")]
    feeds = {"a": draw(1, 2, 3), "b": draw(2, 3)}
    check_gradients(network(nodes, {"a": [2, 3], "b": [3]}), feeds)
