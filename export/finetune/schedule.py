"""The two stages of training: the head on a frozen base, then the base's last blocks, slowly."""

import sys
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from export.finetune.blocks import unfreeze_last
from export.finetune.datasets import Datasets
from export.finetune.network import HEAD, POOL
from export.finetune.settings import FinetuneSettings

PATIENCE = 4
"""Epochs without a better validation loss before a stage ends."""

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


@dataclass(slots=True)
class History:
    """One number an epoch, both stages in a row.

    Args:
        curves: by name, see CURVES.
        head_epochs: how many of them trained the head alone.
    """

    curves: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CURVES})
    head_epochs: int = 0

    @property
    def epochs(self) -> int:
        """Epochs in all."""
        return len(self.curves["loss"])

    def extend(self, history: dict[str, list[float]]) -> None:
        """Append what one `fit` returned."""
        for name, values in self.curves.items():
            values.extend(map(float, history[name]))


def train(
    network: keras.Model,
    base: keras.Model,
    datasets: Datasets,
    weights: dict[int, float],
    settings: FinetuneSettings,
) -> History:
    """Both stages, in place; each ends with its best weights restored.

    Args:
        weights: of each class in the loss.
    """
    history = History()
    base.trainable = False
    if settings.augmentation.is_off:
        history.extend(_fit_head_on_features(network, datasets, weights, settings))
    else:
        stage = _Stage(datasets.train, datasets.validation, weights, settings.epochs)
        history.extend(stage.fit(network, settings.learning_rate))
    history.head_epochs = history.epochs
    if settings.unfreeze_last:
        unfreeze_last(base, settings.unfreeze_last)
        stage = _Stage(datasets.train, datasets.validation, weights, settings.finetune_epochs)
        history.extend(stage.fit(network, settings.finetune_rate))
    return history


@dataclass(frozen=True, slots=True)
class _Stage:
    """What one call of `fit` is given."""

    train: tf.data.Dataset
    validation: tf.data.Dataset
    weights: dict[int, float]
    epochs: int

    def fit(self, model: keras.Model, rate: float) -> dict[str, list[float]]:
        """Adam on the cross-entropy, stopped by the validation loss; the best weights stay."""
        model.compile(
            optimizer=keras.optimizers.Adam(rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        stopping = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
        verbose: Any = 1 if sys.stdout.isatty() else 2  # a bar, or a line an epoch
        done: Any = model.fit(
            self.train,
            validation_data=self.validation,
            epochs=self.epochs,
            class_weight=self.weights,
            callbacks=[stopping],
            verbose=verbose,
            shuffle=False,  # the datasets shuffle themselves
        )
        return done.history


def _fit_head_on_features(
    network: keras.Model,
    datasets: Datasets,
    weights: dict[int, float],
    settings: FinetuneSettings,
) -> dict[str, list[float]]:
    """The first stage where nothing before the head ever changes.

    A frozen base without augmentation answers the same for a picture in every epoch: so its pooled
    features, (pictures, channels), are computed once, and a copy of the head learns from those.
    """
    body = keras.Model(network.input, network.get_layer(POOL).output)
    train = _features(body, datasets.train).shuffle(1 << 16, seed=settings.seed)
    validation = _features(body, datasets.validation)
    head: Any = network.get_layer(HEAD)
    copy = keras.Sequential(
        [
            keras.Input(body.output_shape[1:]),
            layers.Dropout(settings.dropout, seed=settings.seed),
            layers.Dense(head.units, activation="softmax", name=HEAD),
        ]
    )
    size = settings.batch_size
    stage = _Stage(train.batch(size), validation.batch(size), weights, settings.epochs)
    history = stage.fit(copy, settings.learning_rate)
    head.set_weights(copy.get_layer(HEAD).get_weights())
    return history


def _features(body: keras.Model, dataset: tf.data.Dataset) -> tf.data.Dataset:
    """(features, class) of every picture, kept in memory."""
    network: Any = body
    answers = [(network.predict_on_batch(levels), classes) for levels, classes in dataset]
    features, classes = (np.concatenate(column) for column in zip(*answers, strict=True))
    return tf.data.Dataset.from_tensor_slices((features, classes))
