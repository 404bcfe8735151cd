"""Gaussian blur of whole pictures."""

import numpy as np
from numpy.typing import NDArray


def gaussian_blur(pictures: NDArray[np.float32], sigma_pixels: float) -> NDArray[np.float32]:
    """Every pixel becomes the Gaussian mean of its surroundings inside the picture.

    At the border the weights that would fall outside are shared among those inside, so an even
    picture stays as it is.

    Args:
        pictures: (batch, height, width, channels).
        sigma_pixels: standard deviation of the Gaussian, positive.

    Returns:
        float32 of the same shape.
    """
    rows = _weights(pictures.shape[1], sigma_pixels)
    columns = _weights(pictures.shape[2], sigma_pixels)
    return np.einsum("yh,bhwc,xw->byxc", rows, pictures, columns, optimize=True)


def _weights(size: int, sigma_pixels: float) -> NDArray[np.float32]:
    """(size, size): row i holds what every pixel gives to pixel i; rows sum to 1."""
    distance = np.subtract.outer(np.arange(size), np.arange(size)) / sigma_pixels
    weights = np.exp(-0.5 * distance**2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
