"""LayerCAM: every place of a layer weighted by its own gradient; sharp in early layers too."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.layers import spatial_layer
from engine.inspector import Inspector
from engine.targets import Target


def layer_cam(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str | None = None
) -> NDArray[np.float32]:
    """LayerCAM (Jiang et al., 2021): ReLU(Σ_k ReLU(∂S/∂A_k) ⊙ A_k).

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
    return layer_cam_map(run.gradients[path], run.activations[path])


def layer_cam_map(
    gradient: NDArray[np.float32], activation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The map out of a layer's gradient and activation, both (batch, h, w, channels)."""
    summed = np.einsum("bhwk,bhwk->bhw", np.maximum(gradient, 0), activation)
    return np.maximum(summed, 0).astype(np.float32)
