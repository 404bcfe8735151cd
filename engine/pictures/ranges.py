"""Which values a picture shows, and the way from values to levels and back."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVELS = 254
"""Levels of a colour map. Two of an indexed PNG's 256 colours are kept for background and mark:
that makes a sprite one byte a pixel instead of three (measured in encoding.py)."""
TOP = LEVELS - 1
MIDDLE = LEVELS // 2  # 127: the neutral level; 126 steps above it, 127 below

FLOAT32_MAX = float(np.finfo(np.float32).max)

Scale = Literal["layer", "channel", "fixed", "quantile"]


@dataclass(frozen=True, slots=True)
class Scaling:
    """How the range of a picture is found.

    `layer`: minimum to maximum of the whole activation, so that channels compare; `channel`: of
    each channel by itself, so that weak ones show; `fixed`: `lo` to `hi`; `quantile`: the 1 − q
    and q quantiles of the whole activation, so that one glaring value does not darken the rest.
    """

    scale: Scale = "layer"
    lo: float = 0.0
    hi: float = 1.0
    q: float = 0.99
    share: bool = False
    """One range over all pictures of a batch, so that they compare; else each has its own."""

    def __post_init__(self) -> None:
        """Raise ValueError for a range that shows nothing."""
        if not -FLOAT32_MAX <= self.lo < self.hi <= FLOAT32_MAX:
            raise ValueError(
                f"expected lo < hi, both float32 values, received lo={self.lo}, hi={self.hi}"
            )
        if not 1 - self.q < self.q <= 1:
            raise ValueError(f"expected a quantile q over 0.5 and up to 1, received {self.q}")


@dataclass(frozen=True, slots=True)
class Range:
    """The values shown: level 0 is `lo`, level 253 is `hi`, linear between, clipped outside.

    `lo` equals `hi` where the values are one constant: it is drawn at the middle level, 127.
    """

    lo: float
    hi: float
    scale: Scale

    @property
    def zero(self) -> int:
        """The level that the value 0 is drawn at."""
        return int(to_levels(np.zeros(1), self.lo, self.hi)[0])

    def levels(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Values as levels, 0-253; what is outside, infinities included, is clipped."""
        return to_levels(values, self.lo, self.hi)

    def values(self, levels: NDArray[np.integer]) -> NDArray[np.float64]:
        """Levels as values; within half a step, (hi − lo) / 506, of what was drawn."""
        return self.lo + levels.astype(np.float64) * ((self.hi - self.lo) / TOP)

    def __str__(self) -> str:
        """E.g. `lo=0.0,hi=6.0,zero=0,scale=layer`; `parse_range` reads it back exactly."""
        return f"lo={self.lo!r},hi={self.hi!r},zero={self.zero},scale={self.scale}"


def parse_range(text: str) -> Range:
    """A range from its text.

    Raises:
        ValueError: the text is no range.
    """
    try:
        fields = dict(field.split("=") for field in text.split(","))
        lo, hi = float(fields["lo"]), float(fields["hi"])
        scale = next(name for name in get_args(Scale) if name == fields["scale"])
    except (ValueError, KeyError, StopIteration):
        raise ValueError(f"expected lo=…,hi=…,zero=…,scale=…, received {text!r}") from None
    if not (math.isfinite(lo) and lo <= hi < math.inf):
        raise ValueError(f"expected finite lo <= hi, received {text!r}")
    return Range(lo=lo, hi=hi, scale=scale)


def to_levels(values: NDArray[np.floating], lo: ArrayLike, hi: ArrayLike) -> NDArray[np.uint8]:
    """Values as levels, 0-253; `lo` and `hi` broadcast. NaN becomes level 0: mark it elsewhere."""
    low = np.asarray(lo, np.float64)
    step = (np.asarray(hi, np.float64) - low) / TOP
    is_constant = step <= 0  # a width of a few of the smallest floats divides to nothing, too
    with np.errstate(over="ignore"):
        steps = (values - low) / np.where(is_constant, 1, step)
    if is_constant.any():
        # One value has no width: it takes the middle, and what differs from it is outside.
        beside = np.where(steps > 0, TOP, np.where(steps < 0, 0, MIDDLE))
        steps = np.where(is_constant, beside, steps)
    return np.rint(np.fmin(np.fmax(steps, 0), TOP)).astype(np.uint8)


def find_ranges(
    activations: NDArray[np.floating], scaling: Scaling, *, symmetric: bool = False
) -> tuple[tuple[Range, ...], ...]:
    """The range of every channel of every picture: [picture][channel].

    Args:
        activations: (batch, height, width, channels) or (batch, units): whole layers, whichever
            channels are then drawn. Values that are not finite are left out.
        scaling: how.
        symmetric: put the value 0 at the middle level exactly, with as much above as below. The
            ends are ±max(|lo|, |hi|), and one step more below: 254 levels have no middle.
    """
    channels = activations.shape[-1]
    pictures = [activations] if scaling.share else list(activations)
    found = [
        _of_picture(values.reshape(-1, channels), scaling, symmetric=symmetric)
        for values in pictures
    ]
    return tuple(found * len(activations) if scaling.share else found)


def _of_picture(
    values: NDArray[np.floating], scaling: Scaling, *, symmetric: bool
) -> tuple[Range, ...]:
    """One range a channel of (count, channels); the same object where they share it."""
    channels = values.shape[1]
    if scaling.scale == "channel":
        ends = np.nan_to_num(_extremes(values)).tolist()
        return tuple(_made(lo, hi, scaling.scale, symmetric=symmetric) for lo, hi in ends)
    if scaling.scale == "fixed":
        lo, hi = scaling.lo, scaling.hi
    elif scaling.scale == "quantile":
        lo, hi = _quantiles(values, scaling.q)
    else:
        ends = _extremes(values)
        lo, hi = float(np.fmin.reduce(ends[:, 0])), float(np.fmax.reduce(ends[:, 1]))
        lo, hi = (0.0, 0.0) if math.isnan(lo) else (lo, hi)
    return (_made(lo, hi, scaling.scale, symmetric=symmetric),) * channels


def _extremes(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lowest and highest finite value of each channel, (channels, 2); NaN where there is none."""
    ends = np.stack([values.min(axis=0), values.max(axis=0)], axis=1).astype(np.float64)
    for channel in np.flatnonzero(~np.isfinite(ends).all(axis=1)):
        finite = values[np.isfinite(values[:, channel]), channel]
        ends[channel] = (finite.min(), finite.max()) if finite.size else np.nan
    return ends


def _quantiles(values: NDArray[np.floating], q: float) -> tuple[float, float]:
    """The 1 − q and q quantiles of the finite values; zeros where there is none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 0.0
    lo, hi = np.quantile(finite, [1 - q, q], overwrite_input=True)
    return float(lo), float(hi)


def _made(lo: float, hi: float, scale: Scale, *, symmetric: bool) -> Range:
    if symmetric:
        hi = max(abs(lo), abs(hi))
        lo = -hi * MIDDLE / (TOP - MIDDLE)
    return Range(lo=lo + 0.0, hi=hi + 0.0, scale=scale)  # + 0.0: no negative zero
