"""Activations as columns: pooled over their positions, or flattened."""

import math

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Layer
from scoring.settings import Pool

Values = NDArray[np.float32]


def pooled_size(layer: Layer, how: Pool) -> int:
    """How many numbers a picture has of a layer: its channels, or with `none` all values."""
    return math.prod(layer.shape) if how == "none" else layer.channels


def pool(values: Values, how: Pool) -> Values:
    """One row of numbers a picture.

    Args:
        values: (batch, …, channels): of one layer.
        how: `mean` or `max` over all positions, or `none`, which flattens, the channels last.

    Returns:
        float32 (batch, channels), or (batch, positions x channels) of `none`.
    """
    positions = tuple(range(1, values.ndim - 1))
    if how == "none" or not positions:
        return values.reshape(len(values), -1)
    if how == "max":
        return values.max(axis=positions)
    # In float32 a sum of 12,544 positions in a row loses the last three digits.
    return values.mean(axis=positions, dtype=np.float64).astype(np.float32)
