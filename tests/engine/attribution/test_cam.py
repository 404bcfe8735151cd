"""Class activation maps: the mean of a map, plus the bias, is the logit."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.cam import cam
from engine.errors import LayerNotFoundError, MethodError, PixelsError, TargetError
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import CLASSES, Toy, pooled_toy

Pictures = NDArray[np.uint8]


def test_the_mean_of_a_map_and_the_bias_are_the_logit(pooled: Toy, pictures: Pictures) -> None:
    for class_id in range(CLASSES):
        target = ClassTarget((class_id,))
        mean = cam(pooled.inspector, pictures, target).mean(axis=(1, 2))
        logit = pooled.inspector.scores(pictures, target)
        np.testing.assert_allclose(
            mean + pooled.weights["head_bias"][class_id], logit, rtol=1e-5, atol=1e-6
        )


def test_each_place_is_its_channels_times_the_class_weights(
    pooled: Toy, pictures: Pictures
) -> None:
    activation = pooled.inspector.activations(pictures, ["conv_relu"])["conv_relu"]
    expected = activation @ pooled.weights["head_kernel"][:, 2]
    found = cam(pooled.inspector, pictures, ClassTarget((2,)))
    assert found.shape == (3, 6, 10)
    assert found.dtype == np.float32
    assert found.min() < 0  # signed: no ReLU
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_each_picture_may_have_its_own_class(pooled: Toy, pictures: Pictures) -> None:
    together = cam(pooled.inspector, pictures, ClassTarget((3, 0, 1)))
    for row, class_id in enumerate((3, 0, 1)):
        alone = cam(pooled.inspector, pictures[row : row + 1], ClassTarget((class_id,)))
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-5, atol=1e-6)


def test_without_a_class_each_picture_has_its_own_highest(pooled: Toy, pictures: Pictures) -> None:
    highest = tuple(pooled.inspector.predict(pictures).argmax(axis=1).tolist())
    np.testing.assert_array_equal(
        cam(pooled.inspector, pictures, ClassTarget()),
        cam(pooled.inspector, pictures, ClassTarget(highest)),
    )


def test_later_pictures_open_nothing_new(tmp_path: Path, pictures: Pictures) -> None:
    toy = pooled_toy(tmp_path)
    cam(toy.inspector, pictures, ClassTarget())
    kept = toy.inspector.sessions.kept
    assert len(kept) == 2  # the network to its pooled layer and prediction, and the head's weights
    cam(toy.inspector, pictures[:1], ClassTarget((2,)))
    assert set(toy.inspector.sessions.kept) == set(kept)


def test_only_the_pooled_layer_has_this_map(pooled: Toy, pictures: Pictures) -> None:
    named = cam(pooled.inspector, pictures, ClassTarget((1,)), layer="conv_relu")
    np.testing.assert_array_equal(named, cam(pooled.inspector, pictures, ClassTarget((1,))))
    with pytest.raises(MethodError, match=r"conv_relu, not conv$"):
        cam(pooled.inspector, pictures, ClassTarget(), layer="conv")
    with pytest.raises(LayerNotFoundError):
        cam(pooled.inspector, pictures, ClassTarget(), layer="nowhere")


def test_a_flattened_head_is_refused_with_the_method_that_takes_it(
    flat: Toy, pictures: Pictures
) -> None:
    with pytest.raises(MethodError, match=r"here (Transpose|Relu)"):
        cam(flat.inspector, pictures, ClassTarget())
    with pytest.raises(MethodError, match="grad-cam"):
        cam(flat.inspector, pictures, ClassTarget())


@pytest.mark.parametrize("target", [ClassTarget(score="probability"), ChannelTarget("conv", 0)])
def test_only_a_logit_is_shared_out(
    pooled: Toy, pictures: Pictures, target: ClassTarget | ChannelTarget
) -> None:
    with pytest.raises(MethodError, match="logit of a class"):
        cam(pooled.inspector, pictures, target)


def test_wrong_classes_and_pictures_are_refused(pooled: Toy, pictures: Pictures) -> None:
    with pytest.raises(TargetError, match="no class 9"):
        cam(pooled.inspector, pictures, ClassTarget((9,)))
    with pytest.raises(PixelsError):
        cam(pooled.inspector, pictures[:, :-1], ClassTarget())
