"""What a layer did, in five numbers a channel."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Values turned into float64 at a time: 512 kB, so that the copy stays in the core's own cache.
_CHUNK_VALUES = 1 << 16


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """Every field is an array (channels,), in the layer's own order.

    Numbers are over the finite values; `nonfinite` counts the others. A channel without a single
    finite value has NaN everywhere else, and null in `columns()`.
    """

    minimum: NDArray[np.float64]
    mean: NDArray[np.float64]
    maximum: NDArray[np.float64]
    standard_deviation: NDArray[np.float64]
    """Of the population: Σ(x − mean)² is divided by the number of values."""
    zeros: NDArray[np.float64]
    """Share of exact zeros among the finite values, 0–1."""
    nonfinite: NDArray[np.int64]

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Channels that answered nothing: exactly zero everywhere."""
        return (self.minimum == 0) & (self.maximum == 0) & (self.nonfinite == 0)

    def columns(self) -> dict[str, list[float | None]]:
        """The same, ready for JSON, which has no NaN: name → one number (or null) a channel."""
        return {
            "min": _json(self.minimum),
            "mean": _json(self.mean),
            "max": _json(self.maximum),
            "std": _json(self.standard_deviation),
            "zeros": _json(self.zeros),
            "nonfinite": self.nonfinite.tolist(),
        }


def channel_statistics(activation: NDArray[np.floating]) -> ChannelStatistics:
    """Statistics of each channel or unit, accumulated in float64.

    Args:
        activation: (height, width, channels) or (units,); whatever comes before the last axis is
            pooled, so that a batch of activations gives the statistics over all its pictures.
    """
    values = activation.reshape(-1, activation.shape[-1])
    with np.errstate(over="ignore", invalid="ignore"):
        minimum, maximum = values.min(axis=0), values.max(axis=0)
        is_finite = bool(np.isfinite(minimum).all() and np.isfinite(maximum).all())
    if not is_finite:
        return _of_partly_finite(values)
    mean, deviation = _mean_and_deviation(values)
    return ChannelStatistics(
        minimum=minimum.astype(np.float64),
        mean=mean,
        maximum=maximum.astype(np.float64),
        standard_deviation=deviation,
        zeros=np.add.reduce(values == 0, axis=0, dtype=np.int32) / len(values),
        nonfinite=np.zeros(values.shape[1], np.int64),
    )


def _mean_and_deviation(
    values: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and population standard deviation over axis 0 of (count, channels), in one pass.

    Everything is shifted by the first row: a constant channel deviates by exactly zero, and a mean
    far from zero costs the sum of squares no digits.
    """
    count, channels = values.shape
    shift = values[0].astype(np.float64)
    total, squares = np.zeros(channels), np.zeros(channels)
    step = max(1, _CHUNK_VALUES // channels)
    for start in range(0, count, step):
        chunk = values[start : start + step] - shift
        total += chunk.sum(axis=0)
        squares += np.einsum("ij,ij->j", chunk, chunk)
    variance = (squares - total * total / count) / count
    return shift + total / count, np.sqrt(np.maximum(variance, 0))


def _of_partly_finite(values: NDArray[np.floating]) -> ChannelStatistics:
    """The rare case, (count, channels): some values are NaN or infinite, and are left out."""
    channels = values.shape[1]
    columns = np.full((5, channels), np.nan)
    nonfinite = np.zeros(channels, np.int64)
    for channel in range(channels):
        finite = values[np.isfinite(values[:, channel]), channel].astype(np.float64)
        nonfinite[channel] = len(values) - len(finite)
        if len(finite):
            lowest, highest = finite.min(), finite.max()
            zeros = np.count_nonzero(finite == 0) / len(finite)
            columns[:, channel] = lowest, finite.mean(), highest, finite.std(), zeros
    return ChannelStatistics(*columns, nonfinite=nonfinite)


def _json(column: NDArray[np.float64]) -> list[float | None]:
    values = column.tolist()
    if not np.isnan(column).any():  # asked once: 1280 channels, one at a time, took 4.5 ms
        return values
    return [None if math.isnan(value) else value for value in values]
