"""How a sprite is laid out so that its cells show and its pixels stay within a cap."""

import math
from dataclasses import dataclass

from engine.errors import TooMuchError
from engine.pictures.layout import MAX_PIXELS, Grid

_TILE_PIXELS = 56
"""A small map is magnified to about this side: 7×7 eight times, 14×14 four times."""
_MAX_ZOOM = 16


def plan_grid(
    *,
    pictures: int,
    tiles: int,
    tile_height: int,
    tile_width: int,
    zoom: int | None = None,
    ratio: float = 1.0,
    max_pixels: int = MAX_PIXELS,
) -> Grid:
    """A grid of ⌈√(tiles · ratio)⌉ columns.

    Args:
        pictures: grids, one under another.
        tiles: of one picture.
        tile_height: cells.
        tile_width: cells.
        zoom: pixels a cell; None magnifies small tiles to about 56 pixels, as far as they fit.
        ratio: wanted columns a row.
        max_pixels: of the whole sprite.

    Raises:
        TooMuchError: more pixels than `max_pixels`.
    """
    shape = _Shape(pictures, tile_height, tile_width, ratio)
    wanted = zoom or min(_MAX_ZOOM, max(1, _TILE_PIXELS // max(tile_height, tile_width)))
    fitting = next((z for z in range(wanted, 0, -1) if shape.pixels(tiles, z) <= max_pixels), 0)
    if fitting == wanted or (fitting and zoom is None):
        return shape.grid(tiles, fitting)
    asked = shape.pixels(tiles, zoom or 1)
    fits = f"zoom {fitting}" if fitting else shape.most(tiles, max_pixels)
    raise TooMuchError(
        f"expected a sprite of at most {max_pixels} pixels, received a request for {asked}; "
        f"{fits} would fit",
        asked=f"{asked} pixels",
        cap=f"{max_pixels} pixels",
        fits=fits,
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """What all the grids that are tried have in common."""

    pictures: int
    tile_height: int
    tile_width: int
    ratio: float

    def grid(self, tiles: int, zoom: int) -> Grid:
        columns = min(tiles, math.ceil(math.sqrt(tiles * self.ratio)))
        rows = math.ceil(tiles / columns)
        return Grid(self.tile_height, self.tile_width, zoom, columns, rows, self.pictures)

    def pixels(self, tiles: int, zoom: int) -> int:
        grid = self.grid(tiles, zoom)
        return grid.height_pixels * grid.width_pixels

    def most(self, tiles: int, max_pixels: int) -> str:
        """In words, how many of the tiles fit unmagnified."""
        at_most = max_pixels // (self.pictures * self.tile_height * self.tile_width)
        counts = range(min(tiles, at_most), 0, -1)
        most = next((count for count in counts if self.pixels(count, 1) <= max_pixels), 0)
        return f"{most} channels at zoom 1" if most else "fewer pictures"
