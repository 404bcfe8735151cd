"""The gradient, of the picture and of any layer."""

import numpy as np
from numpy.typing import NDArray

from engine.attribution.gradient import gradient
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import HEIGHT, WIDTH, Toy


def test_a_linear_networks_gradient_is_its_weights(
    linear: Toy, pictures: NDArray[np.uint8]
) -> None:
    found = gradient(linear.inspector, pictures, ClassTarget((2, 0, 3)))
    weights = linear.weights["kernel"].reshape(HEIGHT, WIDTH, 3, -1)
    for row, class_id in enumerate((2, 0, 3)):
        np.testing.assert_allclose(found[row], weights[..., class_id], rtol=1e-6)


def test_without_a_class_each_picture_has_its_own_highest(
    linear: Toy, pictures: NDArray[np.uint8]
) -> None:
    highest = linear.inspector.predict(pictures).argmax(axis=1)
    assert len(set(highest)) > 1
    found = gradient(linear.inspector, pictures, ClassTarget())
    named = gradient(linear.inspector, pictures, ClassTarget(tuple(highest.tolist())))
    np.testing.assert_array_equal(found, named)


def test_it_agrees_with_finite_differences(pooled: Toy, pictures: NDArray[np.uint8]) -> None:
    levels = pictures.astype(np.float32)
    target = ClassTarget((1,), score="probability")
    found = gradient(pooled.inspector, levels, target)
    rng = np.random.default_rng(3)
    step = 2.0  # levels; the network bends at its ReLUs only
    for _ in range(12):
        at = (..., int(rng.integers(HEIGHT)), int(rng.integers(WIDTH)), int(rng.integers(3)))
        above, below = levels.copy(), levels.copy()
        above[at] += step
        below[at] -= step
        rise = pooled.inspector.scores(above, target) - pooled.inspector.scores(below, target)
        np.testing.assert_allclose(found[at], rise / (2 * step), atol=2e-7)


def test_layers_chain(pooled: Toy, pictures: NDArray[np.uint8]) -> None:
    """V(pool) = head kernel; V(conv_relu) = V(pool) / positions; V(conv) = V(conv_relu) if open."""
    inspector, target = pooled.inspector, ClassTarget((0, 3, 1))
    at_pool, at_relu, at_conv = (
        gradient(inspector, pictures, target, layer=layer)
        for layer in ("pool", "conv_relu", "conv")
    )
    np.testing.assert_allclose(at_pool, pooled.weights["head_kernel"][:, [0, 3, 1]].T)
    height, width = at_relu.shape[1:3]
    expected = np.broadcast_to(at_pool[:, None, None] / (height * width), at_relu.shape)
    np.testing.assert_allclose(at_relu, expected, rtol=1e-6)
    is_open = inspector.activations(pictures, ["conv"])["conv"] > 0
    np.testing.assert_allclose(at_conv, at_relu * is_open, rtol=1e-6)


def test_both_seeds_of_a_channel(pooled: Toy, pictures: NDArray[np.uint8]) -> None:
    """d(½Σa²) weighs each position by its activation; d(Σa) does not."""
    inspector, channel = pooled.inspector, 4
    one, activation = (
        gradient(inspector, pictures, ChannelTarget("conv", channel, seed=seed), layer="conv")
        for seed in ("one", "activation")
    )
    values = inspector.activations(pictures, ["conv"])["conv"]
    expected = np.zeros_like(values)
    expected[..., channel] = 1
    np.testing.assert_allclose(one, expected)
    np.testing.assert_allclose(activation, expected * values, rtol=1e-6)
    of_picture = gradient(inspector, pictures, ChannelTarget("conv", channel, seed="activation"))
    assert of_picture.shape == (3, HEIGHT, WIDTH, 3)
    assert of_picture.any()
