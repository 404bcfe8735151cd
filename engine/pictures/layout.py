"""Where each channel lies in a sprite, so that a click finds its channel and cell."""

from dataclasses import dataclass
from typing import Any

from engine.pictures.ranges import Range

SEPARATOR_PIXELS = 1
IMAGE_GAP_PIXELS = 8
MAX_PIXELS = 16_000_000
"""One sprite at most: 16 MB of memory and about half a second of encoding."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One channel of one picture."""

    channel: int
    range: Range
    dead: bool
    """Exactly zero everywhere; marked by a diagonal where the tile has more than one cell."""
    clipped: float
    """Share of the values that lie outside the range, 0–1."""
    nonfinite: int
    """Values that are NaN (drawn in the mark's colour) or infinite (clipped)."""


@dataclass(frozen=True, slots=True)
class Place:
    """One cell of a sprite: `tiles[picture][tile]`, row y and column x of its activation."""

    picture: int
    tile: int
    y: int
    x: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The geometry: tiles row by row, a separator around each; pictures one under another."""

    tile_height: int
    """Cells, as the activation has them; a cell is zoom × zoom pixels."""
    tile_width: int
    zoom: int
    columns: int
    rows: int
    pictures: int
    separator_pixels: int = SEPARATOR_PIXELS
    image_gap_pixels: int = IMAGE_GAP_PIXELS

    @property
    def pitch_y(self) -> int:
        """Pixels from one row of tiles to the next."""
        return self.tile_height * self.zoom + self.separator_pixels

    @property
    def pitch_x(self) -> int:
        """Pixels from one column of tiles to the next."""
        return self.tile_width * self.zoom + self.separator_pixels

    @property
    def pitch_picture(self) -> int:
        """Pixels from one picture's grid to the next one's."""
        return self.rows * self.pitch_y + self.separator_pixels + self.image_gap_pixels

    @property
    def height_pixels(self) -> int:
        """Of the whole sprite."""
        return self.pictures * self.pitch_picture - self.image_gap_pixels

    @property
    def width_pixels(self) -> int:
        """Of the whole sprite."""
        return self.columns * self.pitch_x + self.separator_pixels

    def origin(self, picture: int, tile: int) -> tuple[int, int]:
        """(y, x) of a tile's first pixel."""
        row, column = divmod(tile, self.columns)
        top = picture * self.pitch_picture + self.separator_pixels
        return top + row * self.pitch_y, self.separator_pixels + column * self.pitch_x


@dataclass(frozen=True, slots=True)
class Layout:
    """A sprite's geometry and what each tile shows: `tiles[picture][position in the grid]`."""

    grid: Grid
    tiles: tuple[tuple[Tile, ...], ...]

    def locate(self, y: int, x: int) -> Place | None:
        """What lies at a pixel; None between tiles and on the tiles that pad the last row."""
        grid = self.grid
        picture, y = divmod(y, grid.pitch_picture)
        row, y = divmod(y - grid.separator_pixels, grid.pitch_y)
        column, x = divmod(x - grid.separator_pixels, grid.pitch_x)
        tile = row * grid.columns + column
        inside = (
            0 <= picture < grid.pictures
            and 0 <= row < grid.rows
            and 0 <= column < grid.columns
            and tile < len(self.tiles[picture])
            and y < grid.tile_height * grid.zoom
            and x < grid.tile_width * grid.zoom
        )
        return Place(picture, tile, y // grid.zoom, x // grid.zoom) if inside else None

    def as_json(self) -> dict[str, Any]:
        """For the wire: the geometry, and of each picture lists with one entry a tile.

        `lo`, `hi` and `zero` have one entry where all tiles share it; `clipped` and `nonfinite`
        are empty where they are zero everywhere; `dead` lists channels.
        """
        grid = self.grid
        return {
            "tile_height": grid.tile_height,
            "tile_width": grid.tile_width,
            "zoom": grid.zoom,
            "columns": grid.columns,
            "rows": grid.rows,
            "separator_pixels": grid.separator_pixels,
            "image_gap_pixels": grid.image_gap_pixels,
            "pictures": [_picture_json(tiles) for tiles in self.tiles],
        }


def _picture_json(tiles: tuple[Tile, ...]) -> dict[str, Any]:
    shared = all(tile.range is tiles[0].range for tile in tiles)
    shown = tiles[:1] if shared else tiles
    clipped = [round(tile.clipped, 6) for tile in tiles]
    nonfinite = [tile.nonfinite for tile in tiles]
    return {
        "channels": [tile.channel for tile in tiles],
        "lo": [tile.range.lo for tile in shown],
        "hi": [tile.range.hi for tile in shown],
        "zero": [tile.range.zero for tile in shown],
        "scale": tiles[0].range.scale,
        "dead": [tile.channel for tile in tiles if tile.dead],
        "clipped": clipped if any(clipped) else [],
        "nonfinite": nonfinite if any(nonfinite) else [],
    }
