"""What waits for the network, and what a slot's thread does with it: decode, predict, choose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from engine.arrays import Pixels, Scores
from engine.classifier import Classifier
from engine.errors import ImageError
from service.predictions import best_classes

Json = dict[str, Any]
"""A wire type of service/schemas as plain values, ready to be written."""


@dataclass(slots=True)
class Work:
    """One picture of a request.

    Args:
        data: its file; empty where it is decoded already.
        top_k: classes to answer; 0 for the scores alone.
        pixels: (batch, height, width, channels), the decoded pictures that it is one of.
        row: which of them. Decoded pixels stay here while a batch is halved, so that no picture
            is decoded twice.
        error: why it cannot be decoded.
        decode_started: when its decoding began, in seconds of `perf_counter`.
        decode_ms: what that took.
    """

    data: bytes
    top_k: int
    pixels: Pixels | None = None
    row: int = 0
    error: ImageError | None = None
    decode_started: float = 0.0
    decode_ms: float = 0.0

    def decode(self, decode: Callable[[bytes], Pixels]) -> None:
        """Fill in `pixels` or `error`, once."""
        if self.pixels is not None or self.error is not None:
            return
        self.decode_started = perf_counter()
        try:
            self.pixels = decode(self.data)[np.newaxis]
        except ImageError as error:
            self.error = error
        self.decode_ms = (perf_counter() - self.decode_started) * 1000


@dataclass(frozen=True, slots=True)
class Run:
    """When a slot's thread did a batch, in seconds of `perf_counter`.

    Args:
        begun: to decode.
        started: the network.
        ended: the network.
        finished: choosing the classes.
        images: that the network was given; those that cannot be decoded are not among them.
    """

    begun: float
    started: float
    ended: float
    finished: float
    images: int


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one picture: its best classes, or why it cannot be decoded.

    `decode_ms` is its own, `run` its batch's; `scores` are (classes,), its row of the batch's.
    """

    classes: list[Json] | None
    error: ImageError | None
    decode_ms: float
    run: Run
    scores: Scores | None = None

    @property
    def inference_ms(self) -> float:
        """The network's run."""
        return (self.run.ended - self.run.started) * 1000

    @property
    def spent_ms(self) -> float:
        """All of its batch's thread."""
        return (self.run.finished - self.run.begun) * 1000


def do(works: Sequence[Work], classifier: Classifier, *, alone: bool) -> list[Done]:
    """In a slot's thread: everything from the files to the answers' classes.

    Args:
        works: a batch.
        classifier: of all of them.
        alone: nothing else runs on the device now.
    """
    begun = perf_counter()
    for work in works:
        work.decode(classifier.decode)
    ready = [work for work in works if work.pixels is not None]
    started = perf_counter()
    found = iter(classifier.predict(_join(ready), alone=alone) if ready else ())
    ended = perf_counter()
    labels = classifier.manifest.labels
    scores = [next(found) if work.pixels is not None else None for work in works]
    best = [
        best_classes(row, labels, work.top_k) if row is not None and work.top_k else None
        for work, row in zip(works, scores, strict=True)
    ]
    run = Run(begun, started, ended, perf_counter(), len(ready))
    return [
        Done(classes, work.error, work.decode_ms, run, row)
        for work, classes, row in zip(works, best, scores, strict=True)
    ]


def _join(ready: Sequence[Work]) -> Pixels:
    """One array of all pictures; neighbours in one array are not copied."""
    first = ready[0]
    whole, begin = first.pixels, first.row
    assert whole is not None  # noqa: S101  the caller has seen to it
    if all(work.pixels is whole and work.row == begin + i for i, work in enumerate(ready)):
        return whole[begin : begin + len(ready)]
    return np.stack([work.pixels[work.row] for work in ready if work.pixels is not None])
