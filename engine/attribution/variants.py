"""Gradients at many variants of each picture, added up with weights."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.inspector import INPUT, Inspector
from engine.progress import Progress
from engine.targets import ClassTarget, Target

Picture = NDArray[np.float32]
"""One picture in levels, (height, width, channels)."""

Variants = Callable[[Picture], Iterable[Picture]]
"""The variants of one picture, as many for each."""


def weighted_gradients(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    variants: Variants,
    weights: Sequence[float],
    *,
    batch: int,
    progress: Progress,
) -> NDArray[np.float32]:
    """Of each picture: the sum over its variants of weight · gradient at the variant.

    The target's class is that of the clean picture throughout: a variant that is taken for
    something else is still asked about the same class.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: J.
        variants: makes the variants of a picture, `len(weights)` of them, one after another.
        weights: one a variant.
        batch: pictures in one run at most; the result does not depend on it.
        progress: called after each run with variants done, of how many.

    Returns:
        float32 (batch, height, width, channels), signed.
    """
    fixed = inspector.resolve(pixels, target)
    clean = pixels.astype(np.float32)
    total = np.zeros_like(clean)
    everything = (
        (row, weight, variant)
        for row, picture in enumerate(clean)
        for weight, variant in zip(weights, variants(picture), strict=True)
    )
    done = 0
    for run in _chunks(everything, batch):
        rows = [row for row, _, _ in run]
        noisy = np.stack([variant for _, _, variant in run])
        gradients = inspector.sensitivity(noisy, select(fixed, rows), [INPUT]).gradients[INPUT]
        for (row, weight, _), value in zip(run, gradients, strict=True):
            total[row] += np.float32(weight) * value
        done += len(run)
        progress(done, len(clean) * len(weights))
    return total


def select(target: Target, rows: Sequence[int]) -> Target:
    """The target for a run made of these rows, repeated or not, of the pictures it is for.

    Args:
        target: as `Inspector.resolve` gives it, with a class for each picture.
        rows: of the pictures.
    """
    if isinstance(target, ClassTarget) and target.class_ids is not None:
        return replace(target, class_ids=tuple(target.class_ids[row] for row in rows))
    return target


def _chunks(
    items: Iterator[tuple[int, float, Picture]], size: int
) -> Iterator[list[tuple[int, float, Picture]]]:
    while chunk := list(islice(items, size)):
        yield chunk
