"""Reference pictures: what "nothing to see" looks like, in levels."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.blur import gaussian_blur

Baseline = Literal["black", "grey", "white", "blurred"]

LEVELS: dict[Baseline, float] = {"black": 0, "grey": 127.5, "white": 255}

# A twentieth of the shorter side, 11 pixels of 224: colours and light stay, the parts by which an
# object is known do not.
BLUR_SHARE = 1 / 20


def reference_pictures(pixels: Pixels, baseline: Baseline) -> NDArray[np.float32]:
    """The reference of each picture.

    Args:
        pixels: (batch, height, width, channels), levels 0-255.
        baseline: `black`, `grey` (127.5) or `white`, the same for every picture, or `blurred`, the
            picture itself without its details.

    Returns:
        float32 levels of the same shape.
    """
    levels = pixels.astype(np.float32)
    if baseline == "blurred":
        return gaussian_blur(levels, BLUR_SHARE * min(pixels.shape[1:3]))
    return np.full_like(levels, LEVELS[baseline])
