"""What waits for the network, and what a slot's thread does with it: decode, predict, choose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from engine.arrays import Pixels
from engine.classifier import Classifier
from engine.errors import ImageError
from service.predictions import best_classes

Json = dict[str, Any]
"""A wire type of service/schemas as plain values, ready to be written."""


@dataclass(slots=True)
class Work:
    """One encoded picture, or some ready ones, of one request.

    Args:
        data: the picture's file; empty where `pixels` are there.
        top_k: classes to answer.
        pixels: (batch, height, width, channels) once decoded. They stay here while the batch is
            bisected, so that no picture is decoded twice.
        error: why it cannot be decoded.
        decode_ms: what that took.
    """

    data: bytes
    top_k: int
    pixels: Pixels | None = None
    error: ImageError | None = None
    decode_ms: float = 0.0

    @property
    def images(self) -> int:
        """How many pictures it is."""
        return 1 if self.pixels is None else len(self.pixels)

    def decode(self, decode: Callable[[bytes], Pixels]) -> None:
        """Fill in `pixels` or `error`, once."""
        if self.pixels is not None or self.error is not None:
            return
        started = perf_counter()
        try:
            self.pixels = decode(self.data)[np.newaxis]
        except ImageError as error:
            self.error = error
        self.decode_ms = (perf_counter() - started) * 1000


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one piece of work.

    Args:
        classes: the best ones of each of its pictures; empty where `error` is there.
        error: why it cannot be decoded.
        decode_ms, inference_ms: what it and its batch took.
    """

    classes: list[list[Json]] = field(default_factory=list[list[Json]])
    error: ImageError | None = None
    decode_ms: float = 0.0
    inference_ms: float = 0.0


def do(works: Sequence[Work], classifier: Classifier, *, alone: bool) -> list[Done]:
    """In a slot's thread: everything from the files to the answers' classes.

    Args:
        works: a batch.
        classifier: of all of them.
        alone: nothing else runs on the device now.
    """
    for work in works:
        work.decode(classifier.decode)
    ready = [work.pixels for work in works if work.pixels is not None]
    if not ready:
        return [Done(error=work.error, decode_ms=work.decode_ms) for work in works]
    started = perf_counter()
    scores = classifier.predict(np.concatenate(ready) if ready[1:] else ready[0], alone=alone)
    inference_ms = (perf_counter() - started) * 1000
    rows = iter(scores)
    labels = classifier.manifest.labels
    return [
        Done(
            [best_classes(next(rows), labels, work.top_k) for _ in range(_count(work))],
            work.error,
            work.decode_ms,
            inference_ms,
        )
        for work in works
    ]


def _count(work: Work) -> int:
    """Pictures that were predicted."""
    return 0 if work.pixels is None else len(work.pixels)
