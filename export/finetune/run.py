"""A whole fine-tuning run: pictures in, a published bundle and a report out."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

from bundle.manifest import Accuracy
from bundle.repository import Bundle, Repository
from export.errors import ExportError
from export.finetune.datasets import (
    Datasets,
    check_readable,
    class_weights,
    labels_of,
    open_datasets,
)
from export.finetune.network import build_network
from export.finetune.pictures import PictureFolder, find_pictures, without_copies
from export.finetune.report import Measurement, write_report
from export.finetune.schedule import History, train
from export.finetune.settings import FinetuneSettings
from export.finetune.split import Split, split_pictures
from export.options import ConvertOptions
from export.pipeline import convert
from export.zoo.bases import Base, Weights, find_base

MODEL = "model.keras"
GATE_PICTURES = 24
"""Held-out pictures that go into the golden set and the end-to-end gate."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network, saved, and how well it did on the hold-out."""

    file: Path
    network: keras.Model
    split: Split
    accuracy: Accuracy
    training: str


def finetune(settings: FinetuneSettings, repository: Repository) -> Bundle:
    """Train on a folder of pictures, write the report, convert and publish.

    Raises:
        ExportError: the pictures, the base or a setting is unusable, or a gate fails.
        BundleError: the repository cannot be written.
    """
    found = find_pictures(settings.pictures, settings.class_names)
    folder = without_copies(found)
    if folder.count < found.count:
        click.echo(f"{found.count - folder.count} pictures are copies of others, and left out")
    trained = train_on(folder, find_base(settings.base), settings)
    options = ConvertOptions(
        name=settings.name,
        labels=folder.class_names,
        recipe="tensorflow",
        method=settings.resize,
        samples=_spread(trained.split, GATE_PICTURES),
        accuracy=trained.accuracy,
        training=trained.training,
    )
    return convert(trained.file, options, repository)


def train_on(folder: PictureFolder, kind: Base, settings: FinetuneSettings) -> Trained:
    """Everything up to the saved model and the report, both in `settings.report`.

    Raises:
        ExportError: see `finetune`.
    """
    split = split_pictures(
        folder, holdout=settings.holdout, validation=settings.validation, seed=settings.seed
    )
    click.echo(_describe(folder, split, kind, settings))
    check_readable(folder)
    keras.utils.set_random_seed(settings.seed)
    base = kind.build(settings.size or kind.size, _weights(settings.weights))
    network = build_network(base, kind, len(folder.files), settings)
    _make_folder(settings.report)
    with tempfile.TemporaryDirectory() as links:
        datasets = open_datasets(split, base.input_shape[1:3], settings, Path(links))
        history = train(network, base, datasets, class_weights(split), settings)
        measured = _measure(network, datasets)
    file = settings.report / MODEL
    try:
        write_report(settings.report, history, measured, split, folder.root)
        network.save(file)
    except OSError as error:
        raise ExportError(f"cannot write into {settings.report}: {error.strerror}") from error
    accuracy = Accuracy(
        top1=measured.accuracy,
        images=len(measured.classes),
        dataset=settings.dataset or folder.root.resolve().name,
    )
    click.echo(
        f"hold-out accuracy {accuracy.top1:.3f} on {accuracy.images} pictures; learning curves, "
        f"confusion matrix and {MODEL} are in {settings.report}"
    )
    return Trained(file, network, split, accuracy, _note(folder, history, settings))


def _measure(network: keras.Model, datasets: Datasets) -> Measurement:
    """The network's answers on the hold-out, which nothing has looked at before."""
    model: Any = network
    scores = model.predict(datasets.holdout, verbose=0)
    return Measurement(labels_of(datasets.holdout), np.argmax(scores, axis=-1))


def _weights(text: str) -> Weights:
    """`imagenet`, `none`, or a file's path."""
    return "imagenet" if text == "imagenet" else "none" if text == "none" else Path(text)


def _make_folder(folder: Path) -> None:
    """The report's folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"cannot make the folder {folder}: {error.strerror}") from error


def _spread(split: Split, count: int) -> tuple[Path, ...]:
    """About `count` held-out pictures, of every class in turn."""
    each = max(1, count // len(split.holdout))
    return tuple(path for files in split.holdout.values() for path in files[:each])[:count]


def _describe(folder: PictureFolder, split: Split, kind: Base, settings: FinetuneSettings) -> str:
    """What is about to happen, in one line."""
    parts = [
        sum(map(len, part.values())) for part in (split.train, split.validation, split.holdout)
    ]
    return (
        f"{folder.root}: {folder.count} pictures of {len(folder.files)} classes; {parts[0]} to "
        f"learn from, {parts[1]} for early stopping, {parts[2]} held out; "
        f"base {kind.name}, weights {settings.weights}"
    )


def _note(folder: PictureFolder, history: History, settings: FinetuneSettings) -> str:
    """The manifest's note on the training."""
    note = (
        f"{settings.base} ({settings.weights} weights), {folder.count} pictures of "
        f"{len(folder.files)} classes from {settings.dataset or folder.root.resolve().name}; "
        f"head: {history.head_epochs} epochs"
    )
    if settings.unfreeze_last:
        epochs = history.epochs - history.head_epochs
        note += f"; last {settings.unfreeze_last} blocks: {epochs} epochs at "
        note += f"{settings.finetune_rate:g}, BatchNorm in inference mode"
    off = "no augmentation" if settings.augmentation.is_off else "augmented"
    return f"{note}; {off}; seed {settings.seed}"
