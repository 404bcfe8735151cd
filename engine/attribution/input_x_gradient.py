"""Input times gradient (Shrikumar et al. 2016)."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.gradient import gradient
from engine.inspector import Inspector
from engine.targets import Target


def input_x_gradient(inspector: Inspector, pixels: Pixels, target: Target) -> NDArray[np.float32]:
    """x ⊙ ∂J/∂x, each number's share in J if the network were linear without a bias.

    x is the picture in levels 0-255, before the graph's own preprocessing: a black pixel gets
    nothing whatever the network makes of it. With preprocessing that shifts (levels / 127.5 - 1)
    the result differs from a library's that multiplies after the shift. On a linear network without
    a bias the result sums to J.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: J.

    Returns:
        float32 (batch, height, width, channels), signed, in the unit of J.
    """
    return pixels.astype(np.float32) * gradient(inspector, pixels, target)
