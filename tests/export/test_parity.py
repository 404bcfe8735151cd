"""Transfer models on five bases: every layer equals eager Keras, nested ones too.

Weights are random, so three things are done to keep the comparison honest. BatchNormalization's
statistics, scales and shifts are drawn too, because at their initial values (0 and 1) a swapped or
forgotten one would not show. The head is given small weights, so that the softmax does not saturate
at 0 and 1, where any network would agree. And each test asserts that the scores do differ between
pictures.
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
    # name, input size, layers of the base (its own input layer included)
    pytest.param("InceptionV3", (139, 171), 311),
    pytest.param("MobileNetV2", (96, 128), 154),
    pytest.param("VGG19", (96, 112), 22, marks=slow),
    pytest.param("ResNet50V2", (128, 96), 190, marks=slow),
    pytest.param("EfficientNetB0", (96, 128), 238, marks=slow),
]
AUGMENTATION = 5


def transfer_model(name: str, size: tuple[int, int]) -> keras.Model:
    """A frozen base under five augmentation layers, as a course teaches it."""
    base = getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=(*size, 3)
    )
    base.trainable = False
    draw_statistics(base)
    picture = keras.Input((*size, 3))
    x = layers.RandomFlip("horizontal")(picture)
    x = layers.RandomRotation(0.05)(x)
    x = layers.RandomTranslation(0.1, 0.1)(x)
    x = layers.RandomBrightness(0.1, value_range=(0, 255))(x)
    x = layers.RandomContrast(0.1)(x)
    if name != "EfficientNetB0":  # it rescales inside
        x = preprocess(name)(x)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Dense(
        6, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(0, 0.02, 9)
    )(x)
    return keras.Model(picture, x)


def preprocess(name: str) -> Callable[[Any], Any]:
    """The base's own preprocess_input, inside the model."""
    modules = {"InceptionV3": "inception_v3", "MobileNetV2": "mobilenet_v2", "VGG19": "vgg19",
               "ResNet50V2": "resnet_v2"}  # fmt: skip
    return getattr(keras.applications, modules[name]).preprocess_input


def draw_statistics(base: keras.Model) -> None:
    """Random means, variances, scales and shifts, near the ones that keep values in range."""
    random = np.random.default_rng(17)
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            for variable in layer.weights:
                low, high = (-0.2, 0.2) if variable.name in ("beta", "moving_mean") else (0.7, 1.4)
                variable.assign(random.uniform(low, high, variable.shape))


@pytest.mark.parametrize(("name", "size", "base_layers"), BASES)
def test_every_layer_of_a_transfer_model_equals_keras(
    export: Exporter, tmp_path: Path, name: str, size: tuple[int, int], base_layers: int
) -> None:
    model = transfer_model(name, size)
    bundle = export(model, stated=None)
    report = json.loads(bundle.path(PARITY).read_text())
    assert report["batches"] == [1, 3]
    rows = {row["path"]: row for row in report["layers"]}
    assert len(rows) == len(bundle.manifest.layers)
    nested = [path for path in rows if "/" in path]
    assert len(nested) == base_layers
    assert sum("random_" in path for path in rows) == AUGMENTATION
    assert all(row["max_abs_error"] <= row["allowed"] for row in rows.values())
    assert max(row["relative_error"] for row in rows.values()) < 5e-5
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
    assert np.ptp(scores, axis=0).max() > 1e-4, "the network answers the same to everything"
    assert scores.max() < 0.99, "the softmax is saturated"
