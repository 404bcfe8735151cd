"""Transfer models as a course teaches them, with random weights under which signals stay alive.

Signals vanish in a random network until it answers the same to everything, where any two networks
agree. So BatchNormalization's scales and shifts are drawn (at 1 and 0 a swapped one would not
show), its statistics are taken from photographs and noise (so that each layer's values are
spread), and a last one before the head spreads the features themselves.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

SAMPLES = Path(__file__).parents[2] / "export" / "samples"
# JPEG, grey JPEG, PNG, PNG with transparency.
PHOTOS = tuple(SAMPLES / name for name in ("china.jpg", "camera.jpg", "astronaut.png",
                                           "retina.png"))  # fmt: skip
AUGMENTATION = 5
layers: Any = keras.layers


def transfer_model(name: str, size: tuple[int, int]) -> keras.Model:
    """A frozen base of keras.applications, calibrated, under five augmentation layers.

    Args:
        name: of the base's function, e.g. MobileNetV2.
        size: (height, width).
    """
    model = untrained(name, size)
    base = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    pictures = photographs_and_noise(size)
    calibrate(base.layers, model, pictures)
    base.trainable = False
    calibrate([model.get_layer("spread")], model, pictures)
    return model


def untrained(name: str, size: tuple[int, int]) -> keras.Model:
    """The same network before its weights are made."""
    base = getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=(*size, 3)
    )
    picture = keras.Input((*size, 3))
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
    return keras.Model(picture, x)


def calibrate(parts: Sequence[Any], model: Any, pictures: np.ndarray) -> None:
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


def photographs_and_noise(size: tuple[int, int]) -> np.ndarray:
    """float32 levels (8, height, width, 3): four photographs and four of noise."""
    loaded = [keras.utils.load_img(photo, target_size=size) for photo in PHOTOS]
    noise = np.random.default_rng(2).integers(0, 256, (4, *size, 3)).astype(np.float32)
    return np.concatenate([np.stack([np.asarray(p, np.float32) for p in loaded]), noise])
