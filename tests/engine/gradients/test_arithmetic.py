"""Element by element, two inputs broadcast in any position."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.gradients.differences import check_gradients, draw, network, node


@st.composite
def broadcast_shapes(draws: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast together."""
    full = draws(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    shapes = [[draws(st.sampled_from([1, length])) for length in full] for _ in range(2)]
    cut = draws(st.integers(0, len(full) - 1))
    shapes[draws(st.integers(0, 1))][:cut] = []
    return tuple(shapes[0]), tuple(shapes[1])


@pytest.mark.parametrize("kind", ["Add", "Mul"])
@given(shapes=broadcast_shapes(), dynamic=st.booleans())
@settings(max_examples=15, deadline=None, derandomize=True)
def test_both_inputs_get_their_gradient(
    kind: str, shapes: tuple[tuple[int, ...], tuple[int, ...]], dynamic: bool
) -> None:
    feeds = {"a": draw(1, *shapes[0]), "b": draw(2, *shapes[1], low=0.5, high=2)}
    names = {
        name: [f"{name}{axis}" if dynamic else length for axis, length in enumerate(value.shape)]
        for name, value in feeds.items()
    }
    check_gradients(network([node(kind, "a b")], names), feeds)
