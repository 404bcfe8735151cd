"""Grad-CAM: a layer's channels, weighted by how much the target depends on each."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.combining import combine_layer
from engine.inspector import Inspector
from engine.targets import Target


def grad_cam(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str | None = None
) -> NDArray[np.float32]:
    """Grad-CAM (Selvaraju et al., 2017): ReLU(Σ_k w_k · A_k), w_k the mean over space of ∂S/∂A_k.

    Arguments, result and errors are those of `combine_layer`.
    """
    return combine_layer(inspector, pixels, target, layer, grad_cam_map)


def grad_cam_map(
    gradient: NDArray[np.float32], activation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The map out of a layer's gradient and activation, both (batch, h, w, channels)."""
    weights = gradient.mean(axis=(1, 2))
    summed = np.einsum("bhwk,bk->bhw", activation, weights)
    return np.maximum(summed, 0).astype(np.float32)
