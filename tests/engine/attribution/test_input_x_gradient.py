"""Input times gradient."""

import numpy as np
from numpy.typing import NDArray

from engine.attribution.gradient import gradient
from engine.attribution.input_x_gradient import input_x_gradient
from engine.targets import ClassTarget
from tests.engine.attribution.toys import Toy


def test_it_sums_to_the_score_of_a_linear_network(linear: Toy, pictures: NDArray[np.uint8]) -> None:
    target = ClassTarget((3, 1, 0))
    found = input_x_gradient(linear.inspector, pictures, target)
    scores = linear.inspector.scores(pictures, target)
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), scores, rtol=1e-4)


def test_it_is_the_gradient_in_levels(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    found = input_x_gradient(flat.inspector, pictures, ClassTarget())
    expected = pictures * gradient(flat.inspector, pictures, ClassTarget())
    np.testing.assert_allclose(found, expected)
    assert found.dtype == np.float32


def test_a_black_pixel_gets_nothing(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    pictures[:, 2:5, 7] = 0
    assert not input_x_gradient(flat.inspector, pictures, ClassTarget())[:, 2:5, 7].any()
