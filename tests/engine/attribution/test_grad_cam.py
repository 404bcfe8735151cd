"""Grad-CAM: on a pooled head it is CAM; elsewhere its weights are mean gradients."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engine.attribution.cam import cam
from engine.attribution.grad_cam import grad_cam
from engine.errors import LayerNotFoundError, MethodError, NoGradientError
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import CLASSES, HEIGHT, WIDTH, Toy, layer, save_toy

Pictures = NDArray[np.uint8]
PLACES = 6 * 10


@pytest.mark.parametrize("class_id", range(CLASSES))
def test_on_a_pooled_head_it_is_the_positive_part_of_cam(
    pooled: Toy, pictures: Pictures, class_id: int
) -> None:
    target = ClassTarget((class_id,))
    expected = np.maximum(cam(pooled.inspector, pictures, target), 0) / PLACES
    found = grad_cam(pooled.inspector, pictures, target)
    assert found.shape == (3, 6, 10)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_on_a_flattened_head_the_weights_are_mean_gradients(flat: Toy, pictures: Pictures) -> None:
    gradient = flat.weights["head_kernel"][:, 1].reshape(6, 10, 3)
    activation = flat.inspector.activations(pictures, ["conv_relu"])["conv_relu"]
    expected = np.maximum(activation @ gradient.mean(axis=(0, 1)), 0)
    found = grad_cam(flat.inspector, pictures, ClassTarget((1,)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_each_picture_may_have_its_own_class(flat: Toy, pictures: Pictures) -> None:
    together = grad_cam(flat.inspector, pictures, ClassTarget((3, 0, 1)))
    for row, class_id in enumerate((3, 0, 1)):
        alone = grad_cam(flat.inspector, pictures[row : row + 1], ClassTarget((class_id,)))
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-4, atol=1e-6)


def test_without_a_class_each_picture_has_its_own_highest(flat: Toy, pictures: Pictures) -> None:
    highest = tuple(flat.inspector.predict(pictures).argmax(axis=1).tolist())
    np.testing.assert_allclose(
        grad_cam(flat.inspector, pictures, ClassTarget()),
        grad_cam(flat.inspector, pictures, ClassTarget(highest)),
        rtol=1e-5,
        atol=1e-7,
    )


def test_a_channel_is_explained_by_the_layers_before_it(pooled: Toy, pictures: Pictures) -> None:
    target = ChannelTarget("conv_relu", 2)
    run = pooled.inspector.sensitivity(pictures, target, ["rescaling"], activations=["rescaling"])
    weights = run.gradients["rescaling"].mean(axis=(1, 2))
    expected = np.einsum("bhwk,bk->bhw", run.activations["rescaling"], weights).clip(0)
    found = grad_cam(pooled.inspector, pictures, target, layer="rescaling")
    assert found.shape == (3, 12, 20)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_layer_must_be_spatial_known_and_before_the_target(
    pooled: Toy, pictures: Pictures
) -> None:
    with pytest.raises(MethodError, match="pool"):
        grad_cam(pooled.inspector, pictures, ClassTarget(), layer="pool")
    with pytest.raises(LayerNotFoundError):
        grad_cam(pooled.inspector, pictures, ClassTarget(), layer="nowhere")
    with pytest.raises(MethodError, match="does not come before"):
        grad_cam(pooled.inspector, pictures, ChannelTarget("conv", 0), layer="conv_relu")


def test_a_layer_beside_the_road_to_the_target_has_no_gradient(
    tmp_path: Path, pictures: Pictures
) -> None:
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Relu", ["levels"], ["beside"]),
        helper.make_node("ReduceMean", ["levels", "axes"], ["logits"], keepdims=0),
    ]
    toy = save_toy(
        tmp_path,
        nodes,
        {"axes": np.array([1, 2], np.int64)},
        [layer("beside", "ReLU", (HEIGHT, WIDTH, 3))],
        classes=3,
    )
    with pytest.raises(NoGradientError, match="beside"):
        grad_cam(toy.inspector, pictures, ClassTarget())
