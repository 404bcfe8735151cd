"""BatchNormalization in its inference form, and local response normalisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UnsupportedOperatorError
from engine.gradients import SEED, differentiate, gradient_name
from tests.engine.gradients.differences import (
    check_gradients,
    differences,
    draw,
    network,
    node,
    run,
)

STATISTICS = {"scale": (-1.0, 1.0), "bias": (-1.0, 1.0), "mean": (-1.0, 1.0), "var": (0.1, 2.0)}
INPUTS = "x scale bias mean var"


@pytest.mark.parametrize("sizes", [(), (5,), (3, 4)])
@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_batch_normalization_scales_each_channel(sizes: tuple[int, ...], epsilon: float) -> None:
    constants = {
        name: draw(index, 3, low=low, high=high)
        for index, (name, (low, high)) in enumerate(STATISTICS.items())
    }
    nodes = [node("BatchNormalization", INPUTS, epsilon=epsilon)]
    model = network(nodes, {"x": ["batch", 3, *sizes]}, constants)
    check_gradients(model, {"x": draw(9, 2, 3, *sizes)})


def test_statistics_computed_from_the_data_are_refused() -> None:
    shapes = {"x": (2, 3, 4), **dict.fromkeys(STATISTICS, (3,))}
    model = network([node("BatchNormalization", INPUTS)], shapes)
    with pytest.raises(UnsupportedOperatorError, match="inference form"):
        differentiate(model, target="y", wrt=["mean"])
    training = node("BatchNormalization", INPUTS, "y running_mean running_var", training_mode=1)
    with pytest.raises(UnsupportedOperatorError, match="inference form"):
        differentiate(network([training], shapes), target="y", wrt=["x"])


@given(
    channels=st.integers(1, 8),
    size=st.sampled_from([1, 3, 5]),
    alpha=st.sampled_from([0.3, 2.0]),
    beta=st.sampled_from([0.5, 0.75, 1.0]),
    bias=st.sampled_from([1.0, 2.5]),
)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_a_channel_is_normalised_by_its_neighbours(
    channels: int, size: int, alpha: float, beta: float, bias: float
) -> None:
    lrn = node("LRN", "x", size=size, alpha=alpha, beta=beta, bias=bias)
    model = network([lrn], {"x": ["batch", channels, 2, 3]})
    check_gradients(model, {"x": draw(1, 2, channels, 2, 3)})


@pytest.mark.parametrize("size", [2, 4])
def test_an_even_band_reaches_further_up_than_down(size: int) -> None:
    # ONNX Runtime refuses even sizes: float64 alone.
    model = network([node("LRN", "x", size=size, alpha=2.0)], {"x": [2, 6, 3]})
    x, weights = draw(1, 2, 6, 3), draw(2, 2, 6, 3)
    expected = differences(model, {"x": x}, "x", "y", weights)
    graph = differentiate(model, target="y", wrt=["x"])
    (found,) = run(graph, [gradient_name("x")], {"x": x, SEED: weights})
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)
