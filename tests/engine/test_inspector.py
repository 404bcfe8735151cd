"""The inside of one network: forwards, and back."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle.repository import Bundle
from engine.classifier import Classifier
from engine.errors import LayerNotFoundError, NoGradientError, PixelsError
from engine.inspector import INPUT, Inspector
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import CLASSES, HEIGHT, WIDTH, Toy, linear_toy, pooled_toy


@pytest.fixture
def linear(tmp_path: Path) -> Toy:
    """Logits = levels · kernel, then softmax."""
    return linear_toy(tmp_path)


@pytest.fixture
def pooled(tmp_path: Path) -> Toy:
    """Convolutions, ReLUs, global average pooling, dense."""
    return pooled_toy(tmp_path)


@pytest.fixture
def pictures() -> NDArray[np.uint8]:
    """uint8 (3, height, width, 3), seeded, non-square."""
    return np.random.default_rng(3).integers(0, 256, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)


def test_the_inspector_and_the_prediction_graph_agree(
    colours: Bundle, colour_pictures: NDArray[np.uint8]
) -> None:
    classifier = Classifier(colours)
    np.testing.assert_allclose(
        classifier.inspector.predict(colour_pictures),
        classifier.predict(colour_pictures),
        rtol=1e-6,
    )


def test_nothing_is_loaded_before_somebody_asks(tmp_path: Path, linear: Toy) -> None:
    inspector = Inspector(tmp_path / "missing.onnx", linear.manifest)
    assert inspector.sessions.kept == []
    assert inspector.sessions.held_bytes == 0


def test_levels_may_lie_between_whole_ones(linear: Toy, pictures: NDArray[np.uint8]) -> None:
    levels = pictures[:1].astype(np.float32) + np.float32(0.25)
    found = linear.inspector.scores(levels, ClassTarget((1,)))
    expected = levels.reshape(1, -1) @ linear.weights["kernel"]
    np.testing.assert_allclose(found, expected[:, 1], rtol=1e-4)


def test_a_picture_of_another_size_is_refused(linear: Toy) -> None:
    with pytest.raises(PixelsError, match=r"expected pictures of shape \(batch, 12, 20, 3\)"):
        linear.inspector.predict(np.zeros((1, 20, 12, 3), np.uint8))
    with pytest.raises(PixelsError, match="expected uint8 or float32 pictures"):
        linear.inspector.predict(cast("Any", np.zeros((1, 12, 20, 3), np.float64)))


def test_the_gradient_of_a_linear_network_is_its_kernel(
    linear: Toy, pictures: NDArray[np.uint8]
) -> None:
    found = linear.inspector.sensitivity(pictures, ClassTarget((2,)), [INPUT])
    kernel = linear.weights["kernel"][:, 2].reshape(HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(found.gradients[INPUT], np.stack([kernel] * 3), rtol=1e-5)
    np.testing.assert_allclose(found.predictions, linear.inspector.predict(pictures), rtol=1e-5)


def test_each_picture_has_its_own_top_class_in_one_run(
    pooled: Toy, pictures: NDArray[np.uint8]
) -> None:
    inspector = pooled.inspector
    top = inspector.sensitivity(pictures, ClassTarget(), [INPUT])
    resolved = inspector.resolve(pictures, ClassTarget())
    assert isinstance(resolved, ClassTarget)
    assert resolved.class_ids == tuple(inspector.predict(pictures).argmax(-1))
    np.testing.assert_allclose(top.scores, inspector.scores(pictures, resolved), rtol=1e-5)
    assert top.target == resolved
    named = inspector.sensitivity(pictures, resolved, [INPUT])
    np.testing.assert_allclose(top.gradients[INPUT], named.gradients[INPUT], rtol=1e-5, atol=1e-9)


def test_the_probabilitys_gradient_goes_through_the_softmax(
    linear: Toy, pictures: NDArray[np.uint8]
) -> None:
    levels = pictures[:1].astype(np.float32) * np.float32(
        1 / 12_750
    )  # small logits: no probability is 0 or 1
    probability = linear.inspector.sensitivity(levels, ClassTarget((0,), "probability"), [INPUT])
    p = probability.predictions[0]
    kernel = linear.weights["kernel"]
    expected = p[0] * (kernel[:, 0] - kernel @ p)
    found = probability.gradients[INPUT].reshape(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_several_layers_and_their_activations_come_from_one_run(
    pooled: Toy, pictures: NDArray[np.uint8]
) -> None:
    inspector = pooled.inspector
    spatial = [row.path for row in pooled.manifest.layers if len(row.shape) == 3]
    found = inspector.sensitivity(
        pictures, ClassTarget((1,)), [INPUT, *spatial], activations=[INPUT, *spatial]
    )
    assert len(inspector.sessions.kept) == 1
    plain = inspector.activations(pictures, spatial)
    for path in spatial:
        shape = (3, *inspector.layer(path).shape)
        assert found.gradients[path].shape == found.activations[path].shape == shape
        np.testing.assert_allclose(found.activations[path], plain[path], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found.activations[INPUT], pictures)


def test_a_channels_sensitivity_is_that_of_the_sum_of_its_positions(
    pooled: Toy, pictures: NDArray[np.uint8]
) -> None:
    inspector = pooled.inspector
    last = [row for row in pooled.manifest.layers if len(row.shape) == 3][-1]
    target = ChannelTarget(last.path, 1)
    gradient = inspector.sensitivity(pictures, target, [last.path]).gradients[last.path]
    assert gradient[..., 1].min() == 1
    assert np.delete(gradient, 1, axis=-1).max() == 0
    own = ChannelTarget(last.path, 1, seed="activation")
    found = inspector.sensitivity(pictures, own, [last.path], activations=[last.path])
    np.testing.assert_array_equal(
        found.gradients[last.path][..., 1], found.activations[last.path][..., 1]
    )


def test_a_target_does_not_depend_on_a_layer_behind_it(
    pooled: Toy, pictures: NDArray[np.uint8]
) -> None:
    first, *_, last = [row.path for row in pooled.manifest.layers if len(row.shape) == 3]
    with pytest.raises(NoGradientError, match="does not depend differentiably on"):
        pooled.inspector.sensitivity(pictures, ChannelTarget(first, 0), [last])


def test_an_unknown_layer_names_its_neighbours(pooled: Toy, pictures: NDArray[np.uint8]) -> None:
    with pytest.raises(LayerNotFoundError, match="nearest: "):
        pooled.inspector.activations(pictures, ["conv99"])
    with pytest.raises(LayerNotFoundError, match="nearest: "):
        pooled.inspector.sensitivity(pictures, ChannelTarget("conv99", 0), [INPUT])


def test_a_layer_and_the_prediction_come_from_one_run(
    pooled: Toy, pictures: NDArray[np.uint8]
) -> None:
    path = next(row.path for row in pooled.manifest.layers if len(row.shape) == 3)
    activations, predictions = pooled.inspector.observe(pictures, [path, INPUT])
    assert len(pooled.inspector.sessions.kept) == 1
    np.testing.assert_allclose(predictions, pooled.inspector.predict(pictures), rtol=1e-5)
    plain = pooled.inspector.activations(pictures, [path])[path]
    np.testing.assert_allclose(activations[path], plain, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(activations[INPUT], pictures)


def test_no_layer_at_all_is_no_run(pooled: Toy, pictures: NDArray[np.uint8]) -> None:
    assert pooled.inspector.activations(pictures, []) == {}
    assert pooled.inspector.sessions.kept == []


def test_the_prediction_of_a_picture_alone_or_among_others_is_the_same(
    pooled: Toy, pictures: NDArray[np.uint8]
) -> None:
    together = pooled.inspector.predict(pictures)
    assert together.shape == (3, CLASSES)
    for row, picture in zip(together, pictures, strict=True):
        np.testing.assert_allclose(pooled.inspector.predict(picture[None])[0], row, rtol=1e-5)
