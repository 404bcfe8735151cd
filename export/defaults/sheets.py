"""Contact sheets: one PNG a class, the pictures side by side as tiles.

2800 pictures of Fashion-MNIST as separate files would take more room for their headers than for
what they show; as sheets they are small, and one look tells what a class is.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TILE = 28
COLUMNS = 20
LEVELS = 16
"""Grey levels kept: half the bytes of 256, so twice the pictures in the same room."""

Tiles = NDArray[np.uint8]
"""Pictures of one class, (pictures, 28, 28), grey 0-255."""


def write_sheet(tiles: Tiles, path: Path) -> None:
    """Write full rows of tiles, their levels reduced to 16."""
    rows = len(tiles) // COLUMNS
    grid = tiles[: rows * COLUMNS].reshape(rows, COLUMNS, TILE, TILE).swapaxes(1, 2)
    sheet = Image.fromarray(grid.reshape(rows * TILE, COLUMNS * TILE) // (256 // LEVELS))
    sheet.putpalette([level * 255 // (LEVELS - 1) for level in range(LEVELS) for _ in range(3)])
    sheet.save(path, optimize=True, bits=4)


def read_sheet(path: Path) -> Tiles:
    """The tiles of a sheet."""
    with Image.open(path) as sheet:
        levels = np.asarray(sheet.convert("L"))
    grid = levels.reshape(-1, TILE, COLUMNS, TILE).swapaxes(1, 2)
    return grid.reshape(-1, TILE, TILE)


def unpack_sheets(sheets: Path, class_names: tuple[str, ...], folder: Path) -> None:
    """Write every tile as a grey PNG of its own into a folder per class."""
    for name in class_names:
        (folder / name).mkdir(parents=True)
        for index, tile in enumerate(read_sheet(sheets / f"{name}.png")):
            Image.fromarray(tile).save(folder / name / f"{index:04}.png")
