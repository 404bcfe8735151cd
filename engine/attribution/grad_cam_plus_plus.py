"""Grad-CAM++: Grad-CAM whose weights count each place where a channel helps, not their mean."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.combining import combine_layer
from engine.inspector import Inspector
from engine.targets import Target

Floats = NDArray[np.float64]


def grad_cam_plus_plus(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str | None = None
) -> NDArray[np.float32]:
    """Grad-CAM++ (Chattopadhay et al., 2018): ReLU(Σ_k w_k · A_k), w_k = ΣΣ α · ReLU(g).

    With g = ∂S/∂A_k, α = g² / (2g² + (ΣΣ A_k) · g³), and 0 where g = 0. This variant takes the
    gradient of the target itself: it multiplies nothing by exp(S), which would scale a picture's
    whole map, and does not normalise α.

    Arguments, result and errors are those of `combine_layer`.
    """
    return combine_layer(inspector, pixels, target, layer, grad_cam_plus_plus_map)


def grad_cam_plus_plus_map(
    gradient: NDArray[np.float32], activation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The map out of a layer's gradient and activation, both (batch, h, w, channels)."""
    wide, full = gradient.astype(np.float64), activation.astype(np.float64)
    weights = (_shares(wide, full) * np.maximum(wide, 0)).sum(axis=(1, 2))
    summed = np.einsum("bhwk,bk->bhw", full, weights)
    return np.maximum(summed, 0).astype(np.float32)


def _shares(gradient: Floats, activation: Floats) -> Floats:
    """α of each place, (batch, h, w, channels).

    It is computed as 1 / (2 + g · ΣΣ A): the powers of a small gradient would become 0 / 0.
    """
    below = 2 + gradient * activation.sum(axis=(1, 2), keepdims=True)
    defined = (gradient != 0) & (below != 0)
    return np.divide(1.0, below, out=np.zeros_like(below), where=defined)
