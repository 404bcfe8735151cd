"""Which channels come first."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ChannelNotFoundError
from engine.statistics import ChannelStatistics

Sort = Literal["index", "mean", "max", "std", "contribution"]


def channel_contributions(
    activation: NDArray[np.floating], gradient: NDArray[np.floating]
) -> NDArray[np.float64]:
    """How much each channel gave to the target, to first order: Σ activation · gradient.

    Where the target depends linearly on the layer, as a logit does on a pooled last block, the
    contributions and the bias sum to the target exactly.

    Args:
        activation: (height, width, channels) or (units,), or a batch of either.
        gradient: of the target with respect to the activation; the same shape.

    Returns:
        float64 (channels,), summed over everything before the last axis.
    """
    channels = activation.shape[-1]
    return np.einsum(
        "ij,ij->j",
        activation.reshape(-1, channels),
        gradient.reshape(-1, channels),
        dtype=np.float64,
    )


def order_channels(
    statistics: ChannelStatistics,
    *,
    sort: Sort = "index",
    channels: Sequence[int] | None = None,
    contributions: NDArray[np.floating] | None = None,
    limit: int | None = None,
) -> tuple[int, ...]:
    """The channels to show, in order.

    Args:
        statistics: of the whole layer.
        sort: `index` keeps the layer's order, or the caller's where `channels` are given; anything
            else puts the greatest first, equals by index, and channels without a value last.
        channels: only these; None takes all.
        contributions: (channels,), of the whole layer; what `contribution` sorts by.
        limit: at most so many.

    Raises:
        ChannelNotFoundError: the layer has no such channel.
        ValueError: `contribution` was asked without contributions.
    """
    count = len(statistics.mean)
    picked = np.arange(count) if channels is None else _checked(channels, count)
    if sort != "index":
        key = _key(statistics, sort, contributions)[picked]
        # lexsort: the last key is the first criterion
        picked = picked[np.lexsort((picked, -key, np.isnan(key)))]
    return tuple(picked[:limit].tolist())


def _checked(channels: Sequence[int], count: int) -> NDArray[np.int64]:
    for channel in channels:
        if not 0 <= channel < count:
            raise ChannelNotFoundError(
                f"expected channels from 0 to {count - 1}, received {channel}"
            )
    return np.array(channels, np.int64)


def _key(
    statistics: ChannelStatistics, sort: Sort, contributions: NDArray[np.floating] | None
) -> NDArray[np.floating]:
    if sort == "mean":
        return statistics.mean
    if sort == "max":
        return statistics.maximum
    if sort == "std":
        return statistics.standard_deviation
    if contributions is None:
        raise ValueError("expected contributions of the channels to sort by, received none")
    return contributions
