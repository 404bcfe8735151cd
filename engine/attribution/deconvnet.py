"""The deconvolutional network's way back (Zeiler and Fergus 2014)."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.inspector import INPUT, Inspector
from engine.targets import Target


def deconvnet(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str = INPUT
) -> NDArray[np.float32]:
    """The gradient, but every ReLU passes what is positive on the way back, open or closed.

    At a ReLU with the gradient g above it: g · 1[g > 0], whatever its input was.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: J.
        layer: where the way back ends; by default the picture.

    Returns:
        float32, signed: (batch, height, width, channels) of the picture, or (batch, *shape) of the
        layer. Not a derivative of anything: its size means nothing, its pattern does.
    """
    return inspector.sensitivity(pixels, target, [layer], rule="deconvnet").gradients[layer]
