"""The numbers of a picture as headers: its range, and where each channel lies in a sprite."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from engine.pictures.indexed import Picture
from engine.pictures.layout import Layout
from engine.pictures.ranges import Range
from service.selection import Crop

RANGE_HEADER = "X-Cutaway-Range"
LAYOUT_HEADER = "X-Cutaway-Layout"
MAX_HEADER_LENGTH = 3000
"""Proxies refuse answers whose headers together exceed 4 or 8 kB."""


def range_headers(shown: Range | None) -> dict[str, str]:
    """Of any picture; None where channels have ranges of their own, which the file says."""
    return {RANGE_HEADER: str(shown) if shown else "scale=channel"}


def sprite_headers(
    picture: Picture, *, layer: str, images: Sequence[int], crop: Crop | None = None
) -> dict[str, str]:
    """Of a sprite; the file's own text chunks hold every tile's numbers.

    Args:
        picture: it, with its layout.
        layer: whose channels its tiles are.
        images: which of the request's pictures they are of.
        crop: what of the layer is drawn; None is the whole grid.
    """
    assert picture.layout is not None  # noqa: S101  every sprite has one
    facts: dict[str, object] = {
        "layer": layer,
        "crop": None if crop is None else asdict(crop),
        "map": picture.colours.name,
        **_geometry(picture.layout),
        "images": images,
        **_channels(picture.layout),
    }
    for longest in ("dead", "channels"):  # they are in the file, too
        if len(_compact(facts)) > MAX_HEADER_LENGTH:
            facts[longest] = None
    return {**range_headers(picture.range), LAYOUT_HEADER: _compact(facts)}


def write_numbers(numbers: Sequence[int]) -> str:
    """As the query takes them: `0-7,12`; the order is kept."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def _geometry(layout: Layout) -> dict[str, object]:
    """How the tiles lie."""
    grid = layout.grid
    return {
        "tile_height": grid.tile_height,
        "tile_width": grid.tile_width,
        "zoom": grid.zoom,
        "columns": grid.columns,
        "rows": grid.rows,
        "separator_pixels": grid.separator_pixels,
        "image_gap_pixels": grid.image_gap_pixels,
    }


def _channels(layout: Layout) -> dict[str, object]:
    """Which channels they are, the same for all pictures, and which of each picture are dead."""
    return {
        "channels": write_numbers([tile.channel for tile in layout.tiles[0]]),
        "dead": [
            write_numbers([tile.channel for tile in tiles if tile.dead]) for tiles in layout.tiles
        ],
    }


def _compact(facts: dict[str, object]) -> str:
    return json.dumps(facts, separators=(",", ":"))
