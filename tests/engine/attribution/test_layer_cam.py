"""LayerCAM: each place by its own gradient, so that early layers have sharp maps too."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.layer_cam import layer_cam, layer_cam_map
from engine.errors import MethodError
from engine.targets import ClassTarget
from tests.engine.attribution.spots import colour_toy
from tests.engine.attribution.toys import Toy, pooled_toy

Pictures = NDArray[np.uint8]


def test_each_place_is_weighted_by_its_own_positive_gradient(flat: Toy, pictures: Pictures) -> None:
    gradients = flat.weights["head_kernel"].reshape(6, 10, 3, -1)
    activation = flat.inspector.activations(pictures, ["conv_relu"])["conv_relu"]
    found = layer_cam(flat.inspector, pictures, ClassTarget((1, 3, 0)))
    assert found.shape == (3, 6, 10)
    for row, class_id in enumerate((1, 3, 0)):
        expected = (gradients[..., class_id].clip(0) * activation[row]).sum(axis=-1).clip(0)
        np.testing.assert_allclose(found[row], expected, rtol=1e-4, atol=1e-6)


def test_it_works_at_an_early_layer(tmp_path: Path, pictures: Pictures) -> None:
    toy = pooled_toy(tmp_path, blocks=3)
    target = ClassTarget((1,))
    run = toy.inspector.sensitivity(pictures, target, ["conv_relu"], activations=["conv_relu"])
    expected = np.maximum(run.gradients["conv_relu"], 0) * run.activations["conv_relu"]
    found = layer_cam(toy.inspector, pictures, target, layer="conv_relu")
    assert found.max() > 0
    np.testing.assert_allclose(found, expected.sum(axis=-1).clip(0), rtol=1e-4, atol=1e-7)


def test_what_adds_up_to_less_than_nothing_is_nothing() -> None:
    gradient = np.array([[[[1, 1], [2, -9]]]], np.float32)  # (1, 1, 2, 2)
    activation = np.array([[[[-3, 1], [4, 7]]]], np.float32)
    np.testing.assert_array_equal(layer_cam_map(gradient, activation), [[[0, 8]]])


def test_a_spot_of_the_classes_colour_is_where_it_lies(tmp_path: Path) -> None:
    pixels = np.zeros((1, 12, 20, 3), np.uint8)
    pixels[0, 2:4, 13:16, 0] = 250  # red
    found = layer_cam(colour_toy(tmp_path).inspector, pixels, ClassTarget((0,)), layer="colours")
    spot = np.zeros((12, 20), bool)
    spot[2:4, 13:16] = True
    assert found[0][spot].min() > found[0][~spot].max()


def test_a_dense_layer_has_no_map(flat: Toy, pictures: Pictures) -> None:
    with pytest.raises(MethodError):
        layer_cam(flat.inspector, pictures, ClassTarget(), layer="flatten")
