"""Grad-CAM++: α = g² / (2g² + ΣA · g³), weights the sum of α · ReLU(g)."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.grad_cam_plus_plus import grad_cam_plus_plus, grad_cam_plus_plus_map
from engine.errors import MethodError
from engine.targets import ClassTarget
from tests.engine.attribution.toys import Toy


def test_where_the_activation_sums_to_zero_every_share_is_a_half(signs: Toy) -> None:
    # levels minus 100 are (50, 50, -50, -50); the gradient of class 0 there is (2, -3, 0, 0)
    pixels = np.array([150, 150, 50, 50], np.uint8).reshape(1, 1, 4, 1)
    found = grad_cam_plus_plus(signs.inspector, pixels, ClassTarget((0,)), layer="shifted")
    np.testing.assert_allclose(found, [[[50, 50, 0, 0]]])  # ½ · 2 = 1 times the activation


def test_it_is_the_papers_formula_without_the_exponential(
    flat: Toy, pictures: NDArray[np.uint8]
) -> None:
    kernel = flat.weights["head_kernel"].astype(np.float64)
    found = grad_cam_plus_plus(flat.inspector, pictures, ClassTarget((2, 0, 3)))
    assert found.shape == (3, 6, 10)
    assert found.dtype == np.float32
    activations = flat.inspector.activations(pictures, ["conv_relu"])["conv_relu"]
    for row, class_id in enumerate((2, 0, 3)):
        gradient = kernel[:, class_id].reshape(6, 10, 3)
        activation = activations[row].astype(np.float64)
        below = 2 * gradient**2 + activation.sum(axis=(0, 1)) * gradient**3
        weights = (gradient**2 / below * np.maximum(gradient, 0)).sum(axis=(0, 1))
        expected = np.maximum(activation @ weights, 0)
        np.testing.assert_allclose(found[row], expected, rtol=1e-3, atol=1e-5)


def test_a_picture_without_any_positive_gradient_has_an_empty_map(signs: Toy) -> None:
    pixels = np.array([50, 50, 50, 50], np.uint8).reshape(1, 1, 4, 1)  # no ReLU is open
    found = grad_cam_plus_plus(signs.inspector, pixels, ClassTarget((0,)), layer="shifted")
    np.testing.assert_array_equal(found, np.zeros((1, 1, 4)))


def test_gradients_too_small_to_square_still_give_a_map() -> None:
    gradient = np.array([[[[1e-30], [0]]]], np.float32)  # (1, 1, 2, 1)
    activation = np.array([[[[3], [5]]]], np.float32)
    found = grad_cam_plus_plus_map(gradient, activation)
    np.testing.assert_allclose(found, [[[1.5e-30, 2.5e-30]]], rtol=1e-5)  # ½ · g times each


def test_a_dense_layer_has_no_map(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    with pytest.raises(MethodError):
        grad_cam_plus_plus(flat.inspector, pictures, ClassTarget(), layer="flatten")
