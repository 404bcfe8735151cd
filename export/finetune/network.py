"""The transfer model: augmentation, the base's preprocessing, the base, and a new head."""

from typing import Any

import keras
from keras import layers

from export.finetune.augmentation import augment
from export.finetune.settings import FinetuneSettings
from export.zoo.bases import Base

HEAD = "predictions"
POOL = "avg_pool"


def build_network(
    base: keras.Model, kind: Base, classes: int, settings: FinetuneSettings
) -> keras.Model:
    """A model from RGB levels 0-255, (batch, height, width, 3), to probabilities (batch, classes).

    The base stays one nested layer of it. Levels go in, so that everything the network needs is
    inside it: nobody has to know afterwards how its base wants its pictures.
    """
    image: Any = keras.Input(base.input_shape[1:], name="image")
    x: Any = augment(image, settings.augmentation, settings.seed)
    x = kind.preprocess(x)
    x = base(x)
    x = layers.GlobalAveragePooling2D(name=POOL)(x)
    x = layers.Dropout(settings.dropout, seed=settings.seed, name="dropout")(x)
    x = layers.Dense(classes, activation="softmax", name=HEAD)(x)
    return keras.Model(image, x, name=settings.name.replace("-", "_").replace(".", "_"))
