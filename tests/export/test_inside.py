"""Preprocessing that the model contains is found, and nothing else is taken for it."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from export.errors import SettingsError
from export.inside import contained_preprocessing, describe_preprocessing
from export.stated import from_name
from export.taps import tapping

Builder = Callable[..., keras.Model]
layers: Any = keras.layers
applications: Any = keras.applications


def contained(model: Any) -> str:
    with tapping() as recorder:
        model(tf.constant(np.ones((1, *model.input_shape[1:]), np.float32)), training=False)
    return contained_preprocessing(recorder.taps)


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (layers.Rescaling(1 / 127.5, offset=-1), "Rescaling(scale=0.00784314, offset=-1)"),
        (layers.Normalization(mean=[1.0, 2, 3], variance=[1.0, 1, 1]), "Normalization"),
        (keras.applications.mobilenet_v2.preprocess_input, "TrueDivide, Subtract"),
        (keras.applications.vgg19.preprocess_input, "GetItem, Stack, Add"),
    ],
)
def test_preprocessing_is_found(build: Builder, inside: Any, words: str) -> None:
    assert contained(build(inside=inside)) == words


@pytest.mark.parametrize(
    "inside",
    [
        None,
        layers.RandomContrast(0.1),
        layers.BatchNormalization(),
        layers.ZeroPadding2D(1),
        lambda x: layers.Rescaling(1 / 255)(layers.Conv2D(3, 1)(x)),
    ],
)
def test_other_layers_are_not_taken_for_preprocessing(build: Builder, inside: Any) -> None:
    assert contained(build(inside=inside)) == ""


def test_a_base_that_rescales_inside_is_found() -> None:
    base = applications.EfficientNetB0(
        weights=None, include_top=False, input_shape=(32, 40, 3), pooling="avg"
    )
    model = keras.Sequential([keras.Input((32, 40, 3)), layers.RandomFlip(), base, layers.Dense(2)])
    assert contained(model).startswith("Rescaling(scale=0.00392157, offset=0), Normalization")


def test_none_stated_on_a_model_that_preprocesses_is_no_contradiction() -> None:
    assert describe_preprocessing("Normalization", from_name("none")) == (
        "inside the model: Normalization"
    )


def test_silence_and_contradiction_are_refused() -> None:
    with pytest.raises(SettingsError, match="does not guess it"):
        describe_preprocessing("", None)
    with pytest.raises(SettingsError, match="--on-top"):
        describe_preprocessing("Normalization", from_name("tf"))
