"""How alike two maps are; a map without any variation is like nothing."""

import numpy as np
from numpy.typing import NDArray

from engine.attribution.blur import gaussian_blur

# Of SSIM, as Wang et al. (2004) set them, for values in 0-1.
WINDOW_SIGMA = 1.5
MEAN_FLOOR = 0.01**2
VARIANCE_FLOOR = 0.03**2


def spearman(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Rank correlation of all their numbers, ties sharing their mean rank.

    Args:
        first: any shape.
        second: the same shape.

    Returns:
        -1 to 1; 0 if either is constant or has a number that is not finite.
    """
    if is_dead(first) or is_dead(second):
        return 0.0
    a, b = _centred_ranks(first), _centred_ranks(second)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def ssim(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Structural similarity (Wang et al. 2004) of two maps, each stretched to 0-1 first.

    Args:
        first: (height, width).
        second: the same shape.

    Returns:
        -1 to 1, the mean over all positions; 0 if either is constant or not finite.
    """
    if is_dead(first) or is_dead(second):
        return 0.0
    a, b = _stretched(first), _stretched(second)
    mean_a, mean_b = _local_mean(a), _local_mean(b)
    covariance = _local_mean(a * b) - mean_a * mean_b
    squares = mean_a**2 + mean_b**2
    variances = _local_mean(a**2 + b**2) - squares
    light = (2 * mean_a * mean_b + MEAN_FLOOR) / (squares + MEAN_FLOOR)
    structure = (2 * covariance + VARIANCE_FLOOR) / (variances + VARIANCE_FLOOR)
    return float((light * structure).mean())


def is_dead(values: NDArray[np.float32]) -> bool:
    """Whether a map says nothing: every number the same, or one of them not finite."""
    return not np.isfinite(values).all() or not np.ptp(values) > 0


def _centred_ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Ranks minus their mean, flattened."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[which.ravel()]
    return ranks - ranks.mean()


def _stretched(values: NDArray[np.float32]) -> NDArray[np.float32]:
    low = values.min()
    return (values - low) / (values.max() - low)


def _local_mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return gaussian_blur(values[None, :, :, None], WINDOW_SIGMA)[0, :, :, 0]
