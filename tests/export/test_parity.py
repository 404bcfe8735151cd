"""Transfer models on five bases: every layer equals eager Keras, nested ones too.

Weights are random, and signals vanish in a random network until it answers the same to everything,
where any two networks agree. So BatchNormalization's scales and shifts are drawn (at 1 and 0 a
swapped one would not show), its statistics are taken from the photographs and noise (so that each
layer's values are spread), and a last one before the head spreads the features themselves. Each
test asserts that the scores differ between pictures and are not saturated.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from bundle.repository import PARITY, Bundle
from engine.classifier import Classifier
from export.load import load_keras

Exporter = Callable[..., Bundle]

slow = pytest.mark.slow
layers: Any = keras.layers
BASES = [
    # the base, (height, width), and how many layers it has
    pytest.param("InceptionV3", (139, 171, 311)),
    pytest.param("MobileNetV2", (96, 128, 154)),
    pytest.param("VGG19", (96, 112, 22), marks=slow),
    pytest.param("ResNet50V2", (128, 96, 190), marks=slow),
    pytest.param("EfficientNetB0", (96, 128, 237), marks=slow),
]
AUGMENTATION = 5


def transfer_model(name: str, pictures: np.ndarray) -> keras.Model:
    """A frozen base under five augmentation layers, as a course teaches it."""
    shape = pictures.shape[1:]
    base = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=shape)
    picture = keras.Input(shape)
    x = layers.RandomFlip("horizontal")(picture)
    x = layers.RandomRotation(0.05)(x)
    x = layers.RandomTranslation(0.1, 0.1)(x)
    x = layers.RandomBrightness(0.1, value_range=(0, 255))(x)
    x = layers.RandomContrast(0.1)(x)
    if name != "EfficientNetB0":  # it rescales inside
        x = preprocess(name)(x)
    x = layers.GlobalAveragePooling2D()(base(x))
    x = layers.BatchNormalization(name="spread")(x)
    x = layers.Dropout(0.2)(x)
    kernel = keras.initializers.RandomNormal(0, 0.005, 9)
    x = layers.Dense(6, activation="softmax", kernel_initializer=kernel, name="head")(x)
    model = keras.Model(picture, x)
    calibrate(base.layers, model, pictures)
    base.trainable = False
    calibrate([model.get_layer("spread")], model, pictures)
    return model


def calibrate(parts: list[Any], model: Any, pictures: np.ndarray) -> None:
    """Random scales and shifts; statistics of these pictures, taken in one training step.

    The variance gets a tenth of the squared mean: where all pictures give nearly the same value, a
    division by their spread alone would blow rounding up, as no trained network does.
    """
    random = np.random.default_rng(17)
    found = [layer for layer in parts if isinstance(layer, layers.BatchNormalization)]
    for layer in found:
        layer.momentum = 0.0
        for variable in layer.trainable_variables:
            low, high = (-0.2, 0.2) if variable.name == "beta" else (0.7, 1.4)
            variable.assign(random.uniform(low, high, variable.shape))
    model(pictures, training=True)
    for layer in found:
        layer.moving_variance.assign(layer.moving_variance + layer.moving_mean**2 / 10)


def preprocess(name: str) -> Callable[[Any], Any]:
    """The base's own preprocess_input, inside the model."""
    modules = {"InceptionV3": "inception_v3", "MobileNetV2": "mobilenet_v2", "VGG19": "vgg19",
               "ResNet50V2": "resnet_v2"}  # fmt: skip
    return getattr(keras.applications, modules[name]).preprocess_input


@pytest.fixture
def sight(photos: tuple[Path, ...]) -> Callable[[tuple[int, int]], np.ndarray]:
    """The photographs and noise as float32 (pictures, height, width, 3)."""

    def look(size: tuple[int, int]) -> np.ndarray:
        loaded = [keras.utils.load_img(photo, target_size=size) for photo in photos]
        noise = np.random.default_rng(2).integers(0, 256, (4, *size, 3)).astype(np.float32)
        return np.concatenate([np.stack([np.asarray(p, np.float32) for p in loaded]), noise])

    return look


@pytest.mark.parametrize(("name", "form"), BASES)
def test_every_layer_of_a_transfer_model_equals_keras(
    export: Exporter, tmp_path: Path, sight: Any, name: str, form: tuple[int, int, int]
) -> None:
    *size, base_layers = form
    model = transfer_model(name, sight(size))
    bundle = export(model, stated=None)
    report = json.loads(bundle.path(PARITY).read_text())
    assert report["batches"] == [1, 3]
    rows = {row["path"]: row for row in report["layers"]}
    assert len(rows) == len(bundle.manifest.layers)
    nested = [path for path in rows if "/" in path]
    assert len(nested) == base_layers
    assert sum("random_" in path for path in rows) == AUGMENTATION
    assert all(row["max_abs_error"] <= row["allowed"] for row in rows.values())
    assert report["prediction"]["max_abs_error"] <= 1e-5
    assert report["end_to_end"]["top1_agreement"] == 1
    check_prediction(bundle, load_keras(tmp_path / "model.keras"))


def check_prediction(bundle: Bundle, model: Any) -> None:
    """The published bundle against the saved file, both loaded anew, at batch 1 and 3."""
    golden = np.load(bundle.path("golden.npz"))["pixels"]
    classifier = Classifier(bundle)
    for pixels in (golden[:1], golden[1:4]):
        expected = model.predict(pixels.astype(np.float32), verbose=0)
        np.testing.assert_allclose(classifier.predict(pixels), expected, atol=1e-5)
    scores = classifier.predict(golden)
    assert np.ptp(scores, axis=0).max() > 0.02, "the network answers the same to everything"
    assert scores.max() < 0.99, "the softmax is saturated"
