"""One layer as a picture of its channels, with the numbers that turn it back into values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.pictures.colours import MapChoice
from engine.pictures.encoding import encode_png
from engine.pictures.order import channel_contributions, order_channels
from engine.pictures.ranges import Scaling
from engine.pictures.sprite import draw_sprite
from engine.statistics import channel_statistics
from service.inspection import Job
from service.observations import Values, Wish, run_network
from service.picture_headers import sprite_headers
from service.selection import Selection


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the numbers become colours and pixels; see `draw_sprite`."""

    scaling: Scaling
    colours: MapChoice
    zoom: int | None


def write_sprite(
    job: Job, wish: Wish, drawing: Drawing, max_batch: int
) -> tuple[bytes, dict[str, str]]:
    """A PNG file and its headers.

    Several pictures stand one under another, with one range and one order of channels (that of all
    of them together), so that they compare.

    Raises:
        TooMuchError: more pixels than a sprite may have.
        NoGradientError, UnsupportedOperatorError: `contribution` of a layer without a gradient.
    """
    values, gradients = _run(job, wish, max_batch)
    channels = _order(values, gradients, wish)
    picture = draw_sprite(
        values,
        channels=channels,
        scaling=drawing.scaling,
        colours=drawing.colours,
        zoom=drawing.zoom,
    )
    [layer] = wish.selection.layers
    headers = sprite_headers(
        picture, layer=layer.path, images=job.pictures.good, crop=wish.selection.crop
    )
    return encode_png(picture), headers


def _run(job: Job, wish: Wish, max_batch: int) -> tuple[Values, Values | None]:
    """(batch, …) of the whole layer within the crop, and, for contributions, its gradient."""
    [layer] = wish.selection.layers
    runs = list(run_network(job, wish, max_batch))
    values = np.concatenate([_cropped(run.activations[layer.path], wish) for run in runs])
    if wish.sort != "contribution":
        return values, None
    return values, np.concatenate([_cropped(run.gradients[layer.path], wish) for run in runs])


def _cropped(values: Values, wish: Wish) -> Values:
    """Every channel: the range of a layer is that of all, whichever are drawn."""
    return Selection(wish.selection.layers, crop=wish.selection.crop).cut(values)


def _order(values: Values, gradients: Values | None, wish: Wish) -> Sequence[int]:
    """The channels that are drawn."""
    selection = wish.selection
    if wish.sort == "index":
        channels = selection.channels or range(values.shape[-1])
        return channels[: selection.limit]
    return order_channels(
        channel_statistics(values),
        sort=wish.sort,
        channels=selection.channels,
        contributions=None if gradients is None else channel_contributions(values, gradients),
        limit=selection.limit,
    )
