"""A map out of one layer's gradient and activation: what Grad-CAM and its kin have in common."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.layers import spatial_layer
from engine.inspector import Inspector
from engine.targets import Target

Combine = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""(gradient, activation), both (batch, h, w, channels), to a map (batch, h, w)."""


def combine_layer(
    inspector: Inspector, pixels: Pixels, target: Target, layer: str | None, combine: Combine
) -> NDArray[np.float32]:
    """The map of one layer, from one run forwards and back.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels).
        target: what is explained.
        layer: a spatial layer before the target; None takes the last one that computes features.
        combine: the method.

    Returns:
        float32 (batch, h, w), at the layer's own resolution, not negative.

    Raises:
        LayerNotFoundError: the network has no such layer.
        MethodError: the layer is not spatial, or not before the target.
        NoGradientError: the target does not depend differentiably on the layer.
    """
    path = spatial_layer(inspector, target, layer)
    run = inspector.sensitivity(pixels, target, [path], activations=[path])
    return combine(run.gradients[path], run.activations[path])
