"""Along one axis: which input pixels make an output pixel, and by how much.

These are the rules of TensorFlow 2's resize kernels, half-pixel centres, in their float32
arithmetic: a coordinate rounded otherwise reads another pixel (resize_bilinear, resize_bicubic,
resize_nearest_neighbor, resize_area, scale_and_translate in tensorflow/core/kernels/image).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Interpolation = Literal["nearest", "bilinear", "bicubic", "area", "lanczos"]

_HALF = np.float32(0.5)
# TensorFlow reads Keys' cubic (a = -0.5) from a table of this many steps a pixel. The exact
# polynomial differs by up to 0.14 levels.
_CUBIC_STEPS = 1024


@dataclass(frozen=True, slots=True)
class Taps:
    """`output[i] = input[first[i]] + Σ_t weights[t, i] (input[others[t, i]] - input[first[i]])`.

    The weights of all taps sum to one, so the first one's need not be said; written this way,
    two taps are TensorFlow's bilinear interpolation to the last bit.

    first:   (size,), others: (taps - 1, size), indices along the input's axis
    weights: float32 (taps - 1, size)
    """

    first: NDArray[np.intp]
    others: NDArray[np.intp]
    weights: NDArray[np.float32]


@lru_cache(maxsize=64)
def taps(source: int, target: int, interpolation: Interpolation, antialias: bool) -> Taps:
    """The taps that resize an axis of `source` pixels to `target`.

    lanczos is TensorFlow's lanczos3. `antialias` widens bilinear, bicubic and lanczos when
    shrinking; nearest and area never look at it.
    """
    if antialias and interpolation in ("bilinear", "bicubic"):
        kernel, radius = (_triangle, 1.0) if interpolation == "bilinear" else (_keys, 2.0)
        indices, weights = _spans(source, target, kernel, radius, antialias=True)
    elif interpolation == "lanczos":
        indices, weights = _spans(source, target, _lanczos3, 3.0, antialias=antialias)
    else:
        indices, weights = _RULES[interpolation](source, target)
    table = Taps(indices[0], indices[1:], weights[1:])
    for array in (table.first, table.others, table.weights):
        array.setflags(write=False)  # shared between threads through the cache
    return table


Kernel = Callable[[NDArray[np.floating]], NDArray[np.floating]]
Rule = tuple[NDArray[np.intp], NDArray[np.float32]]
"""Indices and weights, both (taps, target)."""


def _centres(source: int, target: int) -> NDArray[np.float32]:
    """Where the output pixels' centres lie in the input, counted from its edge."""
    scale = np.float32(source) / np.float32(target)
    return (np.arange(target, dtype=np.float32) + _HALF) * scale


def _nearest(source: int, target: int) -> Rule:
    indices = np.minimum(np.floor(_centres(source, target)), source - 1).astype(np.intp)
    return indices[np.newaxis], np.ones((1, target), np.float32)


def _bilinear(source: int, target: int) -> Rule:
    position = _centres(source, target) - _HALF
    floor = np.floor(position)
    upper = np.minimum(np.ceil(position), source - 1)
    weight = position - floor
    indices = np.stack([np.maximum(floor, 0), upper]).astype(np.intp)
    return indices, np.stack([1 - weight, weight])


def _bicubic(source: int, target: int) -> Rule:
    position = _centres(source, target) - _HALF
    floor = np.floor(position)
    step = np.rint((position - floor) * _CUBIC_STEPS)
    offsets = np.arange(-1, 3)[:, np.newaxis]
    wanted = floor.astype(np.intp) + offsets
    indices = np.clip(wanted, 0, source - 1)
    weights = _keys(np.abs(offsets - step / _CUBIC_STEPS))
    return indices, _normalised(np.where(indices == wanted, weights, 0))


def _area(source: int, target: int) -> Rule:
    """Each output pixel is the mean of what it covers."""
    scale = np.float32(source) / np.float32(target)
    edges = np.arange(target + 1, dtype=np.float32) * scale
    left, right = edges[:-1], edges[1:]
    first = np.floor(left).astype(np.intp)
    count = int((np.ceil(right) - first).max())
    pixels = first + np.arange(count)[:, np.newaxis]
    covered = np.minimum(pixels + 1, right) - np.maximum(pixels, left)
    indices = np.minimum(pixels, source - 1)
    return indices, _normalised(np.maximum(covered, 0))


def _spans(
    source: int,
    target: int,
    kernel: Kernel,
    radius: float,
    *,
    antialias: bool,
) -> Rule:
    """All input pixels under a kernel around each centre, as scale_and_translate takes them."""
    shrink = np.float32(1) / (np.float32(target) / np.float32(source))
    centres = (np.arange(target, dtype=np.float32) + _HALF) * shrink
    width = np.maximum(shrink, np.float32(1)) if antialias else np.float32(1)
    reach = np.float32(radius) * width
    first = np.maximum(np.ceil(centres - reach - _HALF), 0)
    last = np.minimum(np.floor(centres + reach - _HALF), source - 1)
    pixels = first + np.arange(int((last - first).max()) + 1, dtype=np.float32)[:, np.newaxis]
    distances = np.abs(pixels + _HALF - centres) * (np.float32(1) / width)
    weights = np.where(pixels <= last, kernel(distances), 0)
    return np.minimum(pixels, source - 1).astype(np.intp), _normalised(weights)


def _normalised(weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Weights that sum to one for each output pixel."""
    return (weights / weights.sum(axis=0)).astype(np.float32)


def _triangle(x: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.maximum(1 - x, 0)


def _keys(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Keys' cubic convolution with a = -0.5, for x >= 0."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))  # noqa: PLR2004 (the kernel's radius)


def _lanczos3(x: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0)  # noqa: PLR2004 (the kernel's radius)


_RULES: dict[str, Callable[[int, int], Rule]] = {
    "nearest": _nearest,
    "bilinear": _bilinear,
    "bicubic": _bicubic,
    "area": _area,
}
