"""Guided backpropagation's rule."""

import numpy as np
from numpy.typing import NDArray

from engine.attribution.deconvnet import deconvnet
from engine.attribution.guided_backpropagation import guided_backpropagation
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import HEIGHT, WIDTH, Toy


def test_the_table_of_signs(signs: Toy) -> None:
    """Activation + + − −, gradient above + − + −: only where both are positive."""
    picture = np.array([150, 150, 50, 50], np.uint8).reshape(1, 1, 4, 1)
    found = guided_backpropagation(signs.inspector, picture, ClassTarget((0,)))
    assert found.ravel().tolist() == [2, 0, 0, 0]


def test_each_picture_opens_its_own_relus(signs: Toy) -> None:
    picture = np.array([[150, 150, 50, 50], [50, 50, 150, 150]], np.uint8).reshape(2, 1, 4, 1)
    found = guided_backpropagation(signs.inspector, picture, ClassTarget((0,)))
    assert found.reshape(2, 4).tolist() == [[2, 0, 0, 0], [0, 0, 2, 0]]


def test_it_is_deconvnet_where_the_relu_is_open(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    inspector, target = flat.inspector, ClassTarget((3,))
    is_open = inspector.activations(pictures, ["conv"])["conv"] > 0
    np.testing.assert_array_equal(
        guided_backpropagation(inspector, pictures, target, layer="conv"),
        deconvnet(inspector, pictures, target, layer="conv") * is_open,
    )


def test_a_channels_own_map_of_a_non_square_picture(
    pooled: Toy, pictures: NDArray[np.uint8]
) -> None:
    target = ChannelTarget("conv_relu", 1, seed="activation")
    found = guided_backpropagation(pooled.inspector, pictures, target)
    assert found.shape == (3, HEIGHT, WIDTH, 3)
    assert np.isfinite(found).all()
