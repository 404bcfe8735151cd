"""In the inspection thread: run the network inside, keep what was selected."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Layer
from engine.arrays import Pixels, Scores
from engine.inspector import Inspector
from engine.pictures.order import Sort, channel_contributions, order_channels
from engine.statistics import ChannelStatistics, channel_statistics
from engine.targets import ClassTarget
from service.inspection import Job
from service.selection import Selection

Dtype = Literal["float32", "float16"]
Values = NDArray[np.float32]
HALF_MAX = 65504.0
"""The largest float16."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is kept of the selection.

    Args:
        selection: layers, channels, crop, limit.
        sort: which channels come first; those after the limit are left out.
        dtype: of the values; float16 ends at ±65504, what lies beyond is put there and counted.
        values: keep them.
        statistics: compute them.
        predictions: answer the classes, too; contributions bring them anyway.
    """

    selection: Selection
    sort: Sort = "index"
    dtype: Dtype = "float32"
    values: bool = True
    statistics: bool = False
    predictions: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What is kept of one layer on one picture.

    Args:
        channels: which, in their order: int64 (channels,).
        values: (height, width, channels) or (units,); None if they were not wished for.
        statistics: of those channels, within the crop; None if they were not wished for.
        contributions: of those channels to the best class's logit; None without that order.
        saturated: values that float16 could not hold.
    """

    channels: NDArray[np.int64]
    values: NDArray[Any] | None
    statistics: ChannelStatistics | None
    contributions: NDArray[np.float64] | None
    saturated: int


@dataclass(frozen=True, slots=True)
class Observations:
    """Of each layer, by path, and each picture that could be used: what is kept of it.

    Args:
        layers: path → one entry a picture.
        predictions: (batch, classes), or None.
        inference_ms: in the network.
    """

    layers: dict[str, list[Shown]]
    predictions: Scores | None
    inference_ms: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the network on a few pictures; gradients are of each picture's best class."""

    activations: dict[str, Values]
    gradients: dict[str, Values]
    predictions: Scores | None
    inference_ms: float = 0.0


def observe(job: Job, wish: Wish, max_batch: int) -> Observations:
    """Run the pictures, a few at a time, so that whole layers of all of them are never held.

    Raises:
        NoGradientError, UnsupportedOperatorError: `contribution` of a layer without a gradient.
        DeadlineExceededError: nobody waits any more.
    """
    shown: dict[str, list[Shown]] = {layer.path: [] for layer in wish.selection.layers}
    predictions: list[Scores] = []
    inference_ms = 0.0
    for run in run_network(job, wish, max_batch):
        inference_ms += run.inference_ms
        if run.predictions is not None:
            predictions.append(run.predictions)
        for layer in wish.selection.layers:
            shown[layer.path].extend(_show(layer, run, wish))
    scores = np.concatenate(predictions) if predictions else None
    return Observations(shown, scores, inference_ms)


def run_network(job: Job, wish: Wish, max_batch: int) -> Iterator[Run]:
    """The runs of a request's pictures, in their order."""
    pixels = job.pictures.pixels
    for start in range(0, len(pixels), max_batch):
        job.progress(start, len(pixels))
        started = perf_counter()
        run = _run(job.inspector, pixels[start : start + max_batch], wish)
        yield replace(run, inference_ms=(perf_counter() - started) * 1000)


def _run(inspector: Inspector, pixels: Pixels, wish: Wish) -> Run:
    """Forwards, and back where contributions are asked for; the predictions from the same run."""
    paths = [layer.path for layer in wish.selection.layers]
    if wish.sort == "contribution":
        both = inspector.sensitivity(pixels, ClassTarget(), paths, activations=paths)
        return Run(both.activations, both.gradients, both.predictions)
    if wish.predictions:
        activations, predictions = inspector.observe(pixels, paths)
        return Run(activations, {}, predictions)
    return Run(inspector.activations(pixels, paths), {}, None)


def _show(layer: Layer, run: Run, wish: Wish) -> Iterator[Shown]:
    """What is kept of one layer, picture by picture."""
    selection = wish.selection
    ids = np.array(selection.channels or range(layer.channels), np.int64)
    values = selection.cut(run.activations[layer.path])
    if wish.sort == "index":  # the others need not even be looked at
        ids, values = ids[: selection.limit], values[..., : selection.limit]
    gradients = selection.cut(run.gradients[layer.path]) if run.gradients else None
    for row, picture in enumerate(values):
        needed = wish.statistics or wish.sort != "index"
        statistics = channel_statistics(picture) if needed else None
        given = None if gradients is None else channel_contributions(picture, gradients[row])
        yield _keep(_sorted(_Picture(ids, picture, statistics, given), wish), wish)


@dataclass(frozen=True, slots=True)
class _Picture:
    """One picture's channels, all in the same order: (channels,), (…, channels)."""

    ids: NDArray[np.int64]
    values: Values
    statistics: ChannelStatistics | None
    contributions: NDArray[np.float64] | None


def _sorted(picture: _Picture, wish: Wish) -> _Picture:
    """In the order wished for, up to the limit."""
    statistics, given = picture.statistics, picture.contributions
    if wish.sort == "index" or statistics is None:
        return picture
    found = order_channels(
        statistics, sort=wish.sort, contributions=given, limit=wish.selection.limit
    )
    order = np.array(found, np.int64)
    return _Picture(
        picture.ids[order],
        picture.values[..., order],
        _pick(statistics, order),
        None if given is None else given[order],
    )


def _keep(picture: _Picture, wish: Wish) -> Shown:
    """A copy of the values in their type, if they are wished for; the run's arrays then go."""
    saturated = 0
    values: NDArray[Any] | None = None
    if wish.values and wish.dtype == "float16":
        saturated = int(np.count_nonzero(np.abs(picture.values) > HALF_MAX))
        values = np.clip(picture.values, -HALF_MAX, HALF_MAX).astype(np.float16)
    elif wish.values:
        values = picture.values.copy()
    statistics = picture.statistics if wish.statistics else None
    return Shown(picture.ids, values, statistics, picture.contributions, saturated)


def _pick(statistics: ChannelStatistics, order: NDArray[np.int64]) -> ChannelStatistics:
    """The statistics of some channels, in their order."""
    fields = ChannelStatistics.__dataclass_fields__
    return ChannelStatistics(**{name: getattr(statistics, name)[order] for name in fields})
