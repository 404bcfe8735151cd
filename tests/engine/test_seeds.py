"""Targets in numbers."""

from pathlib import Path

import numpy as np
import pytest

from bundle.manifest import Manifest
from engine.errors import ChannelNotFoundError, TargetError
from engine.seeds import resolve, score, seed
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import linear_toy, pooled_toy

LOGITS = np.array([[1, 5, 2, 0], [9, 1, 3, 4]], np.float32)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Of a network of four classes."""
    return linear_toy(tmp_path).manifest


def test_the_top_class_is_each_pictures_own() -> None:
    assert resolve(ClassTarget(), LOGITS).class_ids == (1, 0)


def test_one_class_serves_all_pictures_and_keeps_its_score() -> None:
    assert resolve(ClassTarget((2,), "probability"), LOGITS) == ClassTarget((2, 2), "probability")


def test_another_number_of_classes_than_pictures_is_refused() -> None:
    with pytest.raises(TargetError, match="one for each of 2 pictures"):
        resolve(ClassTarget((1, 2, 3)), LOGITS)


def test_a_class_has_its_own_score_in_each_picture(manifest: Manifest) -> None:
    np.testing.assert_array_equal(score(manifest, ClassTarget((2, 3)), LOGITS), [2, 4])
    np.testing.assert_array_equal(score(manifest, ClassTarget(), LOGITS), [5, 9])


@pytest.mark.parametrize("class_id", [4, -1])
def test_a_class_that_the_network_lacks_is_refused(manifest: Manifest, class_id: int) -> None:
    with pytest.raises(TargetError, match=rf"toy has no class {class_id}; expected 0 to 3"):
        seed(manifest, ClassTarget((class_id,)), 2)


def test_a_network_that_answers_logits_has_no_probability(tmp_path: Path) -> None:
    logits = linear_toy(tmp_path, activation="none").manifest
    with pytest.raises(TargetError, match="answers logits, not probabilities"):
        seed(logits, ClassTarget((1,), "probability"), 1)


def test_a_channel_is_the_sum_over_its_positions_and_a_neuron_is_one(tmp_path: Path) -> None:
    toy = pooled_toy(tmp_path)
    row = next(layer for layer in toy.manifest.layers if len(layer.shape) == 3)
    values = np.random.default_rng(0).normal(size=(2, *row.shape)).astype(np.float32)
    channel = ChannelTarget(row.path, 1)
    np.testing.assert_allclose(
        score(toy.manifest, channel, values), values[..., 1].sum((1, 2)), rtol=1e-5
    )
    neuron = ChannelTarget(row.path, 1, position=(2, 3))
    np.testing.assert_array_equal(score(toy.manifest, neuron, values), values[:, 2, 3, 1])
    own = ChannelTarget(row.path, 1, seed="activation")
    np.testing.assert_allclose(
        score(toy.manifest, own, values), (values[..., 1] ** 2).sum((1, 2)) / 2, rtol=1e-5
    )
    with pytest.raises(ChannelNotFoundError, match="has no channel 99"):
        seed(toy.manifest, ChannelTarget(row.path, 99), 2)
