"""The deconvolutional network's rule."""

import numpy as np
from numpy.typing import NDArray

from engine.attribution.deconvnet import deconvnet
from engine.attribution.gradient import gradient
from engine.targets import ClassTarget
from tests.engine.attribution.toys import HEIGHT, WIDTH, Toy


def test_the_table_of_signs(signs: Toy) -> None:
    """Activation + + − −, gradient above + − + −: what is positive above passes."""
    picture = np.array([150, 150, 50, 50], np.uint8).reshape(1, 1, 4, 1)
    assert deconvnet(signs.inspector, picture, ClassTarget((0,))).ravel().tolist() == [2, 0, 2, 0]


def test_the_plain_gradient_of_the_same_table(signs: Toy) -> None:
    picture = np.array([150, 150, 50, 50], np.uint8).reshape(1, 1, 4, 1)
    assert gradient(signs.inspector, picture, ClassTarget((0,))).ravel().tolist() == [2, -3, 0, 0]


def test_what_is_above_the_relu_is_the_true_gradient(
    flat: Toy, pictures: NDArray[np.uint8]
) -> None:
    above = deconvnet(flat.inspector, pictures, ClassTarget((1,)), layer="conv_relu")
    np.testing.assert_array_equal(
        above, gradient(flat.inspector, pictures, ClassTarget((1,)), layer="conv_relu")
    )
    below = deconvnet(flat.inspector, pictures, ClassTarget((1,)), layer="conv")
    np.testing.assert_array_equal(below, np.maximum(above, 0))


def test_each_picture_has_its_own_map(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    together = deconvnet(flat.inspector, pictures, ClassTarget((0, 1, 2)))
    assert together.shape == (3, HEIGHT, WIDTH, 3)
    alone = deconvnet(flat.inspector, pictures[2:], ClassTarget((2,)))
    np.testing.assert_allclose(together[2:], alone, rtol=1e-5, atol=1e-9)
