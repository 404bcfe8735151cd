"""From a tensor with channels to a map of the picture, and a map to another size."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Reduction = Literal["max", "l2", "sum"]


def to_map(tensor: NDArray[np.float32], reduce: Reduction = "max") -> NDArray[np.float32]:
    """One number a position.

    Args:
        tensor: (batch, height, width, channels), signed.
        reduce: over the channels: `max` of the absolute values (Simonyan et al. 2014), `l2` their
            length, or `sum`, signed, which keeps the total that completeness speaks of.

    Returns:
        float32 (batch, height, width); not negative unless `sum`.
    """
    if reduce == "max":
        return np.abs(tensor).max(axis=-1)
    if reduce == "l2":
        return np.sqrt(np.square(tensor).sum(axis=-1))
    return tensor.sum(axis=-1)


def upsample(maps: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Bilinear, with half-pixel centres; beyond the outermost centres the edge value goes on.

    So a map lies on its picture as its cells do: the middle of a cell keeps its own value, and a
    map and its mirror image upsample to mirror images.

    Args:
        maps: (batch, h, w).
        height: of the result, in pixels.
        width: of the result, in pixels.

    Returns:
        float32 (batch, height, width).
    """
    rows, row_share = _neighbours(maps.shape[1], height)
    columns, column_share = _neighbours(maps.shape[2], width)
    tall = _mix(maps[:, rows[0]], maps[:, rows[1]], row_share[:, None])
    return _mix(tall[:, :, columns[0]], tall[:, :, columns[1]], column_share)


def _neighbours(size: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The two cells (2, wanted) beside each wanted centre, and the share of the second."""
    centres = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
    first = np.floor(centres).astype(np.intp)
    second = np.minimum(first + 1, size - 1)
    return np.stack([first, second]), np.asarray(centres - first, np.float32)


def _mix(
    first: NDArray[np.float32], second: NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    mixed = first * (1 - share)
    mixed += second * share
    return mixed
