"""All channels of a layer in one picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import ChannelNotFoundError
from engine.pictures.colours import BACKGROUND, MARK, MapChoice, choose_map, colour_map
from engine.pictures.indexed import Picture
from engine.pictures.layout import MAX_PIXELS, Grid, Layout, Tile
from engine.pictures.planning import plan_grid
from engine.pictures.ranges import Range, Scaling, find_ranges, to_levels

# Values quantised at a time: their float64 copies (512 kB each) stay in the core's own cache.
_CHUNK_VALUES = 1 << 16


def draw_sprite(
    activations: NDArray[np.floating],
    *,
    channels: Sequence[int] | None = None,
    scaling: Scaling | None = None,
    colours: MapChoice = "auto",
    zoom: int | None = None,
    ratio: float = 1.0,
    max_pixels: int = MAX_PIXELS,
) -> Picture:
    """Channels as tiles of one picture; several pictures one under another.

    Args:
        activations: (batch, height, width, channels), or (batch, units), drawn as 1×1 tiles: the
            whole layer, so that `scale=layer` means the layer whatever is picked from it.
        channels: those to draw, in order (see `order_channels`); None draws all.
        scaling: how the range is found; by default the minimum and maximum of the layer.
        colours: `auto` is diverging where a value lies below zero, sequential otherwise. With
            `diverging` the range is symmetric about zero, which is then exactly neutral.
        zoom: pixels a cell, nearest neighbour; None magnifies small tiles so that cells show.
        ratio: wanted columns a row of the grid.
        max_pixels: of the sprite.

    Returns:
        The picture and its layout. Its `range` is that of all tiles, or None where pictures or
        channels have their own.

    Raises:
        ChannelNotFoundError: no channels were picked.
        TooMuchError: more than `max_pixels`.
    """
    tiled = activations.reshape(len(activations), *_tile_shape(activations), -1)
    picked = list(range(tiled.shape[-1]) if channels is None else channels)
    if not picked:
        raise ChannelNotFoundError("expected at least one channel to draw, received none")
    grid = plan_grid(
        pictures=len(tiled),
        tiles=len(picked),
        tile_height=tiled.shape[1],
        tile_width=tiled.shape[2],
        zoom=zoom,
        ratio=ratio,
        max_pixels=max_pixels,
    )
    name = choose_map(colours, activations)
    ranges = find_ranges(activations, scaling or Scaling(), symmetric=name == "diverging")
    canvas = np.full((grid.height_pixels, grid.width_pixels), BACKGROUND, np.uint8)
    shown: list[tuple[Tile, ...]] = []
    for index, values in enumerate(tiled):
        levels, tiles = _quantise(values, picked, [ranges[index][channel] for channel in picked])
        shown.append(tiles)
        for position, tile in enumerate(tiles):
            y, x = grid.origin(index, position)
            drawn = _drawn(levels[position], grid, tile)
            canvas[y : y + drawn.shape[0], x : x + drawn.shape[1]] = drawn
    distinct = {tile.range for tiles in shown for tile in tiles}
    shared = distinct.pop() if len(distinct) == 1 else None
    return Picture(canvas, colour_map(name), shared, Layout(grid, tuple(shown)))


def _tile_shape(activations: NDArray[np.floating]) -> tuple[int, int]:
    """(height, width) of a tile: 1×1 of units; a sequence stands upright, one cell a step."""
    spatial = activations.shape[1:-1]
    return (spatial[0] if spatial else 1), int(np.prod(spatial[1:], dtype=int))


def _quantise(
    values: NDArray[np.floating], channels: list[int], ranges: list[Range]
) -> tuple[NDArray[np.uint8], tuple[Tile, ...]]:
    """(height, width, all channels) → levels (tiles, height, width), and what each tile shows."""
    planes = np.ascontiguousarray(values.transpose(2, 0, 1)[channels])
    ends = np.array([(shown.lo, shown.hi) for shown in ranges])[:, :, None, None]
    levels = np.empty(planes.shape, np.uint8)
    tiles: list[Tile] = []
    step = max(1, _CHUNK_VALUES // planes[0].size)
    for start in range(0, len(planes), step):
        part = slice(start, start + step)
        plane, lo, hi = planes[part], ends[part, 0], ends[part, 1]
        levels[part] = to_levels(plane, lo, hi)
        levels[part][np.isnan(plane)] = MARK
        dead = (plane == 0).all(axis=(1, 2)).tolist()
        clipped = ((plane < lo) | (plane > hi)).mean(axis=(1, 2)).tolist()
        nonfinite = np.count_nonzero(~np.isfinite(plane), axis=(1, 2)).tolist()
        of_tiles = zip(channels[part], ranges[part], dead, clipped, nonfinite, strict=True)
        tiles += [Tile(*facts) for facts in of_tiles]
    return levels, tuple(tiles)


def _drawn(levels: NDArray[np.uint8], grid: Grid, tile: Tile) -> NDArray[np.uint8]:
    """A tile magnified; a dead one of more than one cell with a short diagonal at its middle.

    From corner to corner, the diagonals of a last block, half of it dead, drowned what lives.
    """
    zoomed = levels.repeat(grid.zoom, axis=0).repeat(grid.zoom, axis=1)
    if tile.dead and levels.size > 1:
        along = np.linspace(0.3, 0.7, max(zoomed.shape))[:, None]
        rows, columns = np.rint(along * (np.array(zoomed.shape) - 1)).astype(int).T
        zoomed[rows, columns] = MARK
    return zoomed
