"""One run forwards and back: what it gives, and how many pictures it may take at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from bundle.manifest import Manifest
from engine.arrays import Scores
from engine.targets import Target

RUN_BYTES = 256_000_000
"""Activations that one run forwards and back may hold. On two cores several pictures in a run gain
nothing (EfficientNet-Lite0: 34.8 ms a picture alone, 34.4 by eight); small networks have room."""

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How a target depends on layers.

    Args:
        gradients: of the target with respect to each layer asked: (batch, *the layer's shape).
        activations: of each layer asked: (batch, *the layer's shape).
        predictions: (batch, classes), as the network answers them.
        target: with each picture's own class, where none was named.
        scores: the target's own value on each picture: (batch,).
    """

    gradients: dict[str, Values]
    activations: dict[str, Values]
    predictions: Scores
    target: Target
    scores: Values


def pictures_a_run(manifest: Manifest) -> int:
    """How many pictures may go forwards and back together.

    Until it is back, a run holds every activation: at most about as many numbers as the layer
    table has.
    """
    numbers = sum(prod(layer.shape) for layer in manifest.layers)
    return max(1, RUN_BYTES // max(1, numbers * np.dtype(np.float32).itemsize))


def run_in_pieces(
    session: ort.InferenceSession,
    outputs: Sequence[str],
    feeds: Mapping[str, NDArray[Any]],
    size: int,
) -> dict[str, NDArray[Any]]:
    """The outputs of a session by name, `size` rows of the batch at a time."""
    rows = len(next(iter(feeds.values())))
    pieces = [
        session.run(outputs, {name: value[start : start + size] for name, value in feeds.items()})
        for start in range(0, rows, size)
    ]
    if len(pieces) == 1:
        return dict(zip(outputs, pieces[0], strict=True))
    return {
        name: np.concatenate(values)
        for name, values in zip(outputs, zip(*pieces, strict=True), strict=True)
    }
