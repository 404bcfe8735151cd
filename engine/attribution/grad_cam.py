"""Grad-CAM: a layer's channels, weighted by how much the target depends on each."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.layers import spatial_layer
from engine.inspector import Inspector
from engine.targets import Target


def grad_cam(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str | None = None
) -> NDArray[np.float32]:
    """Grad-CAM (Selvaraju et al., 2017): ReLU(Σ_k w_k · A_k), w_k the mean over space of ∂S/∂A_k.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels).
        target: what is explained.
        layer: a spatial layer before the target; None takes the last one that computes features.

    Returns:
        float32 (batch, h, w), at the layer's own resolution, not negative.

    Raises:
        LayerNotFoundError: the network has no such layer.
        MethodError: the layer is not spatial, or not before the target.
        NoGradientError: the target does not depend differentiably on the layer.
    """
    path = spatial_layer(inspector, target, layer)
    run = inspector.sensitivity(pixels, target, [path], activations=[path])
    return grad_cam_map(run.gradients[path], run.activations[path])


def grad_cam_map(
    gradient: NDArray[np.float32], activation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The map out of a layer's gradient and activation, both (batch, h, w, channels)."""
    weights = gradient.mean(axis=(1, 2))
    summed = np.einsum("bhwk,bk->bhw", activation, weights)
    return np.maximum(summed, 0).astype(np.float32)
