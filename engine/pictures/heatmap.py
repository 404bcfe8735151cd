"""Maps of a picture: by themselves, or laid over what the network saw."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.maps import upsample
from engine.pictures.colours import MARK, MapChoice, choose_map, colour_map
from engine.pictures.indexed import Picture
from engine.pictures.ranges import Range, Scaling, find_ranges

# Of a colour's light: the weights of BT.601, as the grey recipe has them.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def draw_heat_maps(
    maps: NDArray[np.floating],
    *,
    height: int,
    width: int,
    scaling: Scaling | None = None,
    colours: MapChoice = "auto",
) -> tuple[Picture, ...]:
    """One picture a map, at the size of the network's input.

    Args:
        maps: (batch, h, w), at whatever resolution the method has; magnified bilinearly.
        height: of the pictures, in pixels.
        width: of the pictures, in pixels.
        scaling: minimum to maximum of each map by default; found before magnifying.
        colours: `auto` is diverging, symmetric about zero, where a value lies below zero.
    """
    name = choose_map(colours, maps)
    found = find_ranges(maps[..., None], scaling or Scaling(), symmetric=name == "diverging")
    magnified = upsample(maps.astype(np.float32, copy=False), height, width)
    return tuple(
        Picture(_levels(values, ranges[0]), colour_map(name), ranges[0])
        for values, ranges in zip(magnified, found, strict=True)
    )


def lay_over(heat_map: Picture, pixels: Pixels, *, opacity: float = 0.5) -> NDArray[np.uint8]:
    """A heat map over the picture as the network saw it, in grey: colour is the map's alone.

    Args:
        heat_map: at the picture's size.
        pixels: (height, width, channels), levels 0–255, uint8 or float32, RGB or grey.
        opacity: 0 shows the picture alone, 1 the map alone.

    Returns:
        uint8 (height, width, 3).
    """
    levels = pixels.astype(np.float32)
    grey = levels @ _LUMA if levels.shape[-1] == len(_LUMA) else levels[..., 0]
    mixed = heat_map.rgb * np.float32(opacity) + grey[..., None] * np.float32(1 - opacity)
    return np.rint(mixed.clip(0, 255)).astype(np.uint8)


def _levels(values: NDArray[np.floating], shown: Range) -> NDArray[np.uint8]:
    levels = shown.levels(values)
    levels[np.isnan(values)] = MARK
    return levels
