"""Signed gradients of the input as pictures, in deepvis's three ways (Yosinski et al. 2015)."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.pictures.colours import colour_map
from engine.pictures.indexed import Picture
from engine.pictures.ranges import Scaling, find_ranges

Display = Literal["raw", "grey", "norm"]


def draw_gradients(
    gradients: NDArray[np.floating],
    *,
    display: Display = "raw",
    scaling: Scaling | None = None,
) -> tuple[Picture, ...]:
    """One picture a gradient, in its own size.

    `raw`: red, green and blue by themselves, zero at mid-grey, scaled by the greatest absolute
    value; `grey`: the mean over the channels, the same way; `norm`: the length over the channels,
    from its minimum (black) to its maximum (white).

    Args:
        gradients: (batch, height, width, channels), signed; 1 or 3 channels.
        display: which of the three.
        scaling: of the values that it leaves; red, green and blue share one range.
    """
    values = _filtered(gradients, display)
    found = find_ranges(
        values.reshape(len(values), -1, 1),  # one range for red, green and blue
        scaling or Scaling(),
        symmetric=display != "norm",
    )
    grey = colour_map("grey")
    return tuple(
        Picture(ranges[0].levels(picture), grey, ranges[0])
        for picture, ranges in zip(values, found, strict=True)
    )


def _filtered(gradients: NDArray[np.floating], display: Display) -> NDArray[np.floating]:
    """(batch, height, width), or (batch, height, width, 3) of `raw` in colour."""
    if display == "norm":
        return np.linalg.norm(gradients, axis=-1)
    if display == "grey" or gradients.shape[-1] == 1:
        return gradients.mean(axis=-1)
    return gradients
