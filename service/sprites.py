"""One layer as a picture of its channels, with the numbers that turn it back into values."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from engine.pictures.colours import MapChoice
from engine.pictures.encoding import encode_png
from engine.pictures.indexed import Picture
from engine.pictures.order import channel_contributions, order_channels
from engine.pictures.ranges import Scaling
from engine.pictures.sprite import draw_sprite
from engine.statistics import channel_statistics
from service.inspection import Job
from service.observations import Values, Wish, run_network
from service.selection import Selection

RANGE_HEADER = "X-Cutaway-Range"
LAYOUT_HEADER = "X-Cutaway-Layout"
MAX_HEADER_LENGTH = 3000
"""Proxies refuse answers whose headers together exceed 4 or 8 kB."""


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
    return encode_png(picture), _headers(wish.selection, picture, job.pictures.good)


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


def _headers(selection: Selection, picture: Picture, images: list[int]) -> dict[str, str]:
    """The range and the geometry; the file's own text chunks hold every tile's numbers."""
    assert picture.layout is not None  # noqa: S101  every sprite has one
    [layer] = selection.layers
    grid, tiles = picture.layout.grid, picture.layout.tiles[0]
    facts: dict[str, object] = {
        "layer": layer.path,
        "crop": None if selection.crop is None else asdict(selection.crop),
        "map": picture.colours.name,
        "tile_height": grid.tile_height,
        "tile_width": grid.tile_width,
        "zoom": grid.zoom,
        "columns": grid.columns,
        "rows": grid.rows,
        "separator_pixels": grid.separator_pixels,
        "image_gap_pixels": grid.image_gap_pixels,
        "images": images,
        "channels": write_numbers([tile.channel for tile in tiles]),
        "dead": [
            write_numbers([tile.channel for tile in image if tile.dead])
            for image in picture.layout.tiles
        ],
    }
    for longest in ("dead", "channels"):  # they are in the file, too
        if len(_compact(facts)) > MAX_HEADER_LENGTH:
            facts[longest] = None
    text = str(picture.range) if picture.range else "scale=channel"
    return {RANGE_HEADER: text, LAYOUT_HEADER: _compact(facts)}


def write_numbers(numbers: Sequence[int]) -> str:
    """As the query takes them: `0-7,12`; the order is kept."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def _compact(facts: dict[str, object]) -> str:
    return json.dumps(facts, separators=(",", ":"))
