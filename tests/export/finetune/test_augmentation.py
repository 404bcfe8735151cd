"""Random changes of the training pictures."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from export.errors import ExportError
from export.finetune.augmentation import augment, augmentation_layers
from export.finetune.settings import AugmentationSettings

OFF = AugmentationSettings(flip=False, rotation=0, translation=0, brightness=0, contrast=0)
LEVELS = np.random.default_rng(2).integers(0, 256, (4, 26, 38, 3)).astype(np.float32)


def model_of(settings: AugmentationSettings) -> Any:
    image: Any = keras.Input((26, 38, 3))
    return keras.Model(image, augment(image, settings, seed=1))


def test_the_course_s_five_layers_in_their_order() -> None:
    layers: Any = augmentation_layers(AugmentationSettings(), seed=1)
    assert [type(layer).__name__ for layer in layers] == [
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomBrightness",
        "RandomContrast",
    ]
    assert layers[0].mode == "horizontal"
    assert layers[1].factor == (-0.05, 0.05)
    assert layers[2].get_config()["height_factor"] == 0.1
    assert tuple(layers[3].value_range) == tuple(layers[4].value_range) == (0, 1)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("flip", "RandomFlip"),
        ("rotation", "RandomRotation"),
        ("translation", "RandomTranslation"),
        ("brightness", "RandomBrightness"),
        ("contrast", "RandomContrast"),
    ],
)
def test_each_can_be_left_away(name: str, layer: str) -> None:
    settings = replace(AugmentationSettings(), **{name: 0})
    names = [type(each).__name__ for each in augmentation_layers(settings, seed=1)]
    assert len(names) == 4
    assert layer not in names


def test_predicting_passes_through() -> None:
    answered = model_of(AugmentationSettings())(LEVELS, training=False)
    np.testing.assert_allclose(answered, LEVELS, atol=1e-4)


def test_training_changes_the_pictures_and_stays_within_the_levels() -> None:
    answered = np.asarray(model_of(AugmentationSettings())(LEVELS, training=True))
    assert answered.shape == LEVELS.shape
    assert answered.min() >= 0
    assert answered.max() <= 255.001
    assert np.abs(answered - LEVELS).mean() > 5


def test_brightness_moves_by_a_tenth_of_the_range_not_of_one_level() -> None:
    grey = np.full((64, 26, 38, 3), 128, np.float32)
    answered = np.asarray(model_of(replace(OFF, brightness=0.1))(grey, training=True))
    moved = answered[:, 0, 0, 0] - 128
    assert 15 < np.abs(moved).max() <= 25.6
    assert np.ptp(answered, axis=(1, 2, 3)).max() < 0.01


def test_switched_off_adds_no_layer_at_all() -> None:
    assert OFF.is_off
    assert len(model_of(OFF).layers) == 1


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(ExportError, match=r"--rotation is a share from 0 to below 1, received 90"):
        AugmentationSettings(rotation=90)
