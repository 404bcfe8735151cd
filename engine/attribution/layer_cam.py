"""LayerCAM: every place of a layer weighted by its own gradient; sharp in early layers too."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.combining import combine_layer
from engine.inspector import Inspector
from engine.targets import Target


def layer_cam(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str | None = None
) -> NDArray[np.float32]:
    """LayerCAM (Jiang et al., 2021): ReLU(Σ_k ReLU(∂S/∂A_k) ⊙ A_k).

    Arguments, result and errors are those of `combine_layer`.
    """
    return combine_layer(inspector, pixels, target, layer, layer_cam_map)


def layer_cam_map(
    gradient: NDArray[np.float32], activation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The map out of a layer's gradient and activation, both (batch, h, w, channels)."""
    summed = np.einsum("bhwk,bhwk->bhw", np.maximum(gradient, 0), activation)
    return np.maximum(summed, 0).astype(np.float32)
