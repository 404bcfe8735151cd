"""Guided backpropagation (Springenberg et al. 2015)."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.inspector import INPUT, Inspector
from engine.targets import Target


def guided_backpropagation(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str = INPUT
) -> NDArray[np.float32]:
    """The gradient, but every ReLU passes only what is positive, and only where it is open.

    At a ReLU with input a and the gradient g above it: g · 1[g > 0] · 1[a > 0]. The maps are sharp
    because they follow the picture's edges more than the network: Adebayo et al. (2018) found them
    nearly unchanged when the upper layers' weights were random.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: J.
        layer: where the way back ends; by default the picture.

    Returns:
        float32, signed: (batch, height, width, channels) of the picture, or (batch, *shape) of the
        layer. Not a derivative of anything: its size means nothing, its pattern does.
    """
    return inspector.sensitivity(pixels, target, [layer], rule="guided").gradients[layer]
