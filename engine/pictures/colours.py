"""Colour maps: a level's colour, never ambiguous, and readable without full colour vision.

Interpolated between a few colours of our own in Oklab (Ottosson 2020), in which equal distances
look equal. Lightness carries the value in `grey` and `sequential`, the distance from zero in
`diverging`; hue only helps. Dark means "nothing", so that zeros recede on every map.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.pictures.ranges import LEVELS, MIDDLE, TOP

MapName = Literal["grey", "sequential", "diverging"]
MapChoice = Literal["auto", "grey", "sequential", "diverging"]

BACKGROUND = LEVELS  # 254: the index of what lies between tiles
MARK = LEVELS + 1  # 255: the index of the mark on dead channels and on values that are NaN

_BACKGROUND_RGB = (64, 70, 82)
_MARK_RGB = (255, 84, 150)

# Controls as (lightness 0-1, chroma, hue in degrees) of Oklab; all within sRGB, and so is every
# colour on the way.
_SEQUENTIAL = (
    (0.08, 0.02, 290.0),
    (0.28, 0.12, 285.0),
    (0.46, 0.105, 250.0),
    (0.63, 0.10, 200.0),
    (0.80, 0.14, 145.0),
    (0.92, 0.14, 110.0),
    (0.98, 0.05, 103.0),
)
_NEUTRAL = (0.13, 0.0, 0.0)
_BLUE = ((0.36, 0.11, 262.0), (0.62, 0.14, 250.0), (0.90, 0.06, 225.0))
_ORANGE = ((0.36, 0.08, 58.0), (0.62, 0.13, 60.0), (0.90, 0.10, 83.0))


@dataclass(frozen=True, slots=True)
class ColourMap:
    """A palette: uint8 (256, 3); levels 0-253, then background and mark. All 256 differ."""

    name: MapName
    palette: NDArray[np.uint8]

    def levels(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Indices of colours: uint8 (…, 3) → (…).

        Raises:
            ValueError: a colour that the map does not have.
        """
        codes = _codes(self.palette)
        order = np.argsort(codes)
        found = order[np.searchsorted(codes[order], _codes(rgb)).clip(max=len(codes) - 1)]
        if not np.array_equal(self.palette[found], rgb):
            raise ValueError(f"expected colours of the {self.name} map, received others")
        return found.astype(np.uint8)


def choose_map(choice: MapChoice, values: NDArray[np.floating]) -> MapName:
    """`auto`: diverging where a value lies below zero, sequential otherwise."""
    if choice != "auto":
        return choice
    return "diverging" if bool((values < 0).any()) else "sequential"


@cache
def colour_map(name: MapName) -> ColourMap:
    """A map by name, computed once."""
    if name == "grey":
        colours = np.linspace(0, 1, LEVELS)[:, None].repeat(3, axis=1)
    elif name == "sequential":
        colours = _to_srgb(_evenly(_cartesian(_SEQUENTIAL), LEVELS))
    else:
        colours = _to_srgb(_diverging())
    levels = np.rint(colours * 255).astype(np.uint8)
    palette = np.concatenate([levels, np.array([_BACKGROUND_RGB, _MARK_RGB], np.uint8)])
    palette.flags.writeable = False
    return ColourMap(name=name, palette=palette)


def _diverging() -> NDArray[np.float64]:
    """(levels, 3) in Oklab: blue, neutral at MIDDLE, orange; as light k steps below as above."""
    above = _with_even_lightness((_NEUTRAL, *_ORANGE))
    below = _with_even_lightness((_NEUTRAL, *_BLUE))
    return np.concatenate([below[MIDDLE:0:-1], above[: TOP - MIDDLE + 1]])


def _with_even_lightness(controls: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
    """(MIDDLE + 1, 3): one branch, its lightness linear in the level."""
    fine = _smooth(_cartesian(controls), 1024)
    lightness = np.linspace(controls[0][0], controls[-1][0], MIDDLE + 1)
    return _interpolated(lightness, fine[:, 0], fine)


def _evenly(points: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(count, 3): equal steps along a smooth curve through points (n, 3)."""
    fine = _smooth(points, 4096)
    lengths = np.linalg.norm(np.diff(fine, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    where = np.linspace(0, float(along[-1]), count)
    return _interpolated(where, along, fine)


def _interpolated(
    where: NDArray[np.float64], along: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(count, 3): points (n, 3), known at `along` (n,), read linearly at `where` (count,)."""
    return np.stack([np.interp(where, along, points[:, axis]) for axis in range(3)], axis=1)


def _smooth(points: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(count, 3): a Catmull-Rom curve through points (n, 3); corners would show as bands."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    where = np.linspace(0, len(points) - 1, count)
    start = np.minimum(where.astype(int), len(points) - 2)
    t = (where - start)[:, None]
    before, here, there, after = (padded[start + offset] for offset in range(4))
    return here + t / 2 * (
        there
        - before
        + t
        * (2 * before - 5 * here + 4 * there - after + t * (3 * (here - there) + after - before))
    )


def _cartesian(controls: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
    """(n, 3) of (lightness, chroma, hue) → (n, 3) of Oklab's (L, a, b)."""
    lightness, chroma, hue = np.array(controls).T
    angle = np.radians(hue)
    return np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)


_SRGB_KNEE = 0.0031308  # below it, sRGB's curve is a straight line

# Oklab → cone responses (cubed) → linear sRGB (Ottosson 2020).
_CONES = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def _to_srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) of Oklab → sRGB, 0-1 (IEC 61966-2-1's curve)."""
    linear = np.clip((lab @ _CONES.T) ** 3 @ _LINEAR.T, 0, 1)
    return np.where(linear <= _SRGB_KNEE, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _codes(rgb: NDArray[np.uint8]) -> NDArray[np.int64]:
    return rgb.astype(np.int64) @ np.array([65536, 256, 1])
