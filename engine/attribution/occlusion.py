"""Occlusion: what the target loses while a patch of the picture is covered; no gradient."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.baselines import Baseline, reference_pictures
from engine.attribution.copies import Tally, run_copies
from engine.attribution.variants import select
from engine.errors import MethodError
from engine.inspector import Inspector
from engine.progress import Progress, silent
from engine.targets import Target

Fill = Baseline | Literal["mean"]
Picture = NDArray[np.float32]
Windows = list[tuple[slice, slice]]

_PATCHES = 8  # along the shorter side, unless asked otherwise


def occlusion(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    *,
    patch_pixels: int = 0,
    stride_pixels: int = 0,
    fill: Fill = "grey",
    batch: int = 8,
    progress: Progress = silent,
) -> NDArray[np.float32]:
    """S(picture) - S(picture with a patch covered), at every place the mean of its patches.

    Zeiler and Fergus (2014) show the score that is left; this is what is lost, signed: negative
    where the patch covered something that spoke against the target.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: S; without a class, each whole picture's own highest one.
        patch_pixels: side of the square patch; 0 takes an eighth of the shorter side.
        stride_pixels: from patch to patch, at most a patch; 0 takes half a patch. The last row and
            column of patches are moved in to end at the border.
        fill: what covers: `black`, `grey` or `white`, the picture `blurred`, or its `mean` colour.
        batch: pictures in one run at most.
        progress: called after each run with covered pictures done, of how many:
            (⌈(height - patch) / stride⌉ + 1) · (⌈(width - patch) / stride⌉ + 1) for each picture.

    Returns:
        float32 (batch, height, width), in the unit of S.

    Raises:
        MethodError: the patch is larger than the picture, or the stride than the patch.
    """
    windows = patch_windows(pixels.shape[1], pixels.shape[2], patch_pixels, stride_pixels)
    fixed = inspector.resolve(pixels, target)
    whole = inspector.scores(pixels, fixed)
    tally = Tally(progress, len(pixels) * len(windows))
    covers = _covers(pixels, fill)
    maps = np.zeros(pixels.shape[:3], np.float32)
    for row, picture in enumerate(pixels.astype(np.float32)):
        one = select(fixed, [row])
        left = run_copies(
            lambda part, row=row, picture=picture: _cover(picture, covers[row], windows[part]),
            len(windows),
            lambda copies, one=one: inspector.scores(copies, one),
            batch=batch,
            tally=tally,
        )
        maps[row] = _mean_over_windows(whole[row] - left, windows, maps[row].shape)
    return maps


def patch_windows(height: int, width: int, patch_pixels: int, stride_pixels: int) -> Windows:
    """Where the patches lie: rows from the top, in each row from the left.

    Raises:
        MethodError: the patch is larger than the picture, or the stride than the patch.
    """
    patch = patch_pixels or max(1, min(height, width) // _PATCHES)
    stride = stride_pixels or max(1, patch // 2)
    if not 0 < patch <= min(height, width):
        raise MethodError(f"expected a patch of 1 to {min(height, width)} pixels, received {patch}")
    if not 0 < stride <= patch:
        raise MethodError(
            f"expected a stride of 1 to {patch} pixels, the patch's own side, received {stride}: "
            "what lies between patches would never be covered"
        )
    tops, lefts = _starts(height, patch, stride), _starts(width, patch, stride)
    return [(slice(y, y + patch), slice(x, x + patch)) for y in tops for x in lefts]


def _starts(size: int, patch: int, stride: int) -> list[int]:
    last = size - patch
    return [*range(0, last, stride), last]


def _covers(pixels: Pixels, fill: Fill) -> NDArray[np.float32]:
    """The picture that shows wherever a patch lies."""
    if fill == "mean":
        mean = pixels.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
        return np.broadcast_to(mean.astype(np.float32), pixels.shape)
    return reference_pictures(pixels, fill)


def _cover(picture: Picture, cover: Picture, windows: Windows) -> NDArray[np.float32]:
    """A copy of the picture for each window, covered there."""
    copies = np.repeat(picture[None], len(windows), axis=0)
    for copy, window in zip(copies, windows, strict=True):
        copy[window] = cover[window]
    return copies


def _mean_over_windows(
    values: NDArray[np.float32], windows: Windows, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """At every place the mean of the values whose window covers it."""
    total, times = np.zeros(shape), np.zeros(shape)
    for value, window in zip(values, windows, strict=True):
        total[window] += value
        times[window] += 1
    return (total / times).astype(np.float32)
