"""The gradient itself (Simonyan, Vedaldi and Zisserman 2014)."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.inspector import INPUT, Inspector
from engine.targets import Target


def gradient(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str = INPUT
) -> NDArray[np.float32]:
    """The sensitivity V(N) = ∂J/∂X(N) of the target to every number of a layer, or of the picture.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: J.
        layer: X(N); by default the picture, in J per level.

    Returns:
        float32, signed: (batch, height, width, channels) of the picture, or (batch, *shape) of the
        layer.

    Raises:
        LayerNotFoundError: the network has no such layer.
        NoGradientError: the target does not depend on the layer differentiably.
        UnsupportedOperatorError: an operator in between has no gradient rule.
    """
    return inspector.sensitivity(pixels, target, [layer]).gradients[layer]
