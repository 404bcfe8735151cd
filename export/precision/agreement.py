"""How far a variant's answers are from fp32's, and what is allowed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Manifest
from engine.arrays import Pixels, Scores
from engine.sessions import open_session

BATCH = 8


@dataclass(frozen=True, slots=True)
class Agreement:
    """fp32's and a variant's probabilities of the same pictures.

    Args:
        reference: fp32's, (pictures, classes).
        answers: the variant's, likewise.
        classes: the pictures' true classes; empty where they are not known.
        golden_difference: the largest |Δp| of the golden pictures, which a server checks again.
    """

    reference: Scores
    answers: Scores
    classes: tuple[int, ...] = ()
    golden_difference: float = 0.0

    @property
    def images(self) -> int:
        """Pictures measured."""
        return len(self.reference)

    @property
    def agreed(self) -> int:
        """Pictures with the same first class; an answer that is no number has none."""
        same = self.answers.argmax(axis=1) == self.reference.argmax(axis=1)
        return int((same & np.isfinite(self.answers).all(axis=1)).sum())

    @property
    def top1_agreement(self) -> float:
        """Share of pictures with the same first class."""
        return self.agreed / self.images

    @property
    def differences(self) -> NDArray[np.float32]:
        """The largest |Δp| of each picture."""
        return np.abs(self.answers - self.reference).max(axis=1)

    @property
    def max_abs_difference(self) -> float:
        """The largest |Δp| of all, golden pictures included."""
        return max(float(self.differences.max()), self.golden_difference)

    @property
    def mean_abs_difference(self) -> float:
        """The mean of each picture's largest |Δp|."""
        return float(self.differences.mean())

    @property
    def accuracy(self) -> float | None:
        """The variant's, where the classes are known."""
        return _accuracy(self.answers, self.classes)

    @property
    def fp32_accuracy(self) -> float | None:
        """fp32's, on the same pictures."""
        return _accuracy(self.reference, self.classes)


def answer(graph: Path, manifest: Manifest, pictures: Iterable[Pixels]) -> Scores:
    """Probabilities that a graph gives: float32 (pictures, classes); logits are softmaxed.

    Args:
        graph: its file, weights beside it.
        manifest: what the graph takes and gives.
        pictures: (height, width, channels) each; at most a batch of them is held.
    """
    session = open_session(graph)
    names = [manifest.output.tensor]
    rows = [
        session.run(names, {manifest.input.tensor: np.stack(part)})[0]
        for part in _batches(pictures)
    ]
    scores = np.concatenate(rows) if rows else np.zeros((0, len(manifest.labels)), np.float32)
    return _softmax(scores) if manifest.output.activation == "none" else scores


def _batches(pictures: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    """The pictures in lists of BATCH, the last one shorter."""
    waiting = iter(pictures)
    while part := list(islice(waiting, BATCH)):
        yield part


def _softmax(logits: Scores) -> Scores:
    """Along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _accuracy(scores: Scores, classes: Sequence[int]) -> float | None:
    """Share of pictures whose first class is the true one."""
    return float((scores.argmax(axis=1) == np.array(classes)).mean()) if classes else None
