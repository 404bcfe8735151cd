"""What a run leaves behind for a person: learning curves, a confusion matrix, and the numbers."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from export.finetune.schedule import History
from export.finetune.split import Files, Split

CURVES = "curves.png"
CONFUSION = "confusion.png"
NUMBERS = "report.json"

_DARK = 0.5  # shares above it are drawn so dark that black figures cannot be read
_MAX_CELLS = 400
"""Counts are written into the matrix up to 20 classes; beyond that they would overlap."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The trained network's answers on the hold-out.

    Args:
        classes: the true classes, (pictures,).
        predicted: the network's, (pictures,).
    """

    classes: NDArray[np.integer]
    predicted: NDArray[np.integer]

    @property
    def accuracy(self) -> float:
        """Share of pictures whose first answer is right."""
        return float(np.mean(self.classes == self.predicted))

    def confusion(self, count: int) -> NDArray[np.int64]:
        """Pictures by true class (rows) and predicted class (columns), (count, count)."""
        return confusion_matrix(self.classes, self.predicted, labels=np.arange(count))


def write_report(
    folder: Path, history: History, measured: Measurement, split: Split, root: Path
) -> None:
    """Write `curves.png`, `confusion.png` and `report.json`.

    Args:
        root: the pictures' folder; report.json names the held-out files relative to it.
    """
    names = list(split.train)
    confusion = measured.confusion(len(names))
    draw_curves(history).savefig(folder / CURVES, dpi=110)
    draw_confusion(confusion, names).savefig(folder / CONFUSION, dpi=110)
    recall = confusion.diagonal() / confusion.sum(axis=1)
    numbers = {
        "holdout_accuracy": measured.accuracy,
        "recall": dict(zip(names, recall.round(4).tolist(), strict=True)),
        "pictures": {
            "train": _count(split.train),
            "validation": _count(split.validation),
            "holdout": _count(split.holdout),
        },
        "head_epochs": history.head_epochs,
        "curves": history.curves,
        "holdout_files": [
            str(path.relative_to(root)) for files in split.holdout.values() for path in files
        ],
    }
    (folder / NUMBERS).write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def draw_curves(history: History) -> Figure:
    """Loss and accuracy over the epochs; a line marks where the base was unfrozen."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, name in ((left, "loss"), (right, "accuracy")):
        _draw_curve(axes, history, name)
    return figure


def _draw_curve(axes: Axes, history: History, name: str) -> None:
    """One quantity, on the training and the validation part."""
    epochs = range(1, history.epochs + 1)
    axes.plot(epochs, history.curves[name], marker=".", label="training")
    axes.plot(epochs, history.curves[f"val_{name}"], marker=".", label="validation")
    if 0 < history.head_epochs < history.epochs:
        axes.axvline(history.head_epochs + 0.5, color="grey", linestyle=":", label="base unfrozen")
    axes.set_xlabel("epoch")
    axes.set_ylabel(name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()


def draw_confusion(confusion: NDArray[np.int64], names: list[str]) -> Figure:
    """Rows are the true classes; the colour is the share of the row, the number the pictures."""
    side = max(4.0, min(0.55 * len(names) + 2, 24))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    if confusion.size <= _MAX_CELLS:
        for (row, column), pictures in np.ndenumerate(confusion):
            color = "white" if shares[row, column] > _DARK else "black"
            axes.text(column, row, str(pictures), ha="center", va="center", color=color)
    return figure


def _count(files: Files) -> dict[str, int]:
    """Pictures of each class."""
    return {name: len(paths) for name, paths in files.items()}
