import json

import pytest

from engine.pictures.layout import Grid, Layout, Place, Tile
from engine.pictures.ranges import Range


@pytest.fixture
def layout() -> Layout:
    """Two pictures of ten channels, from the highest down; 4 columns, 3 rows."""
    shown = Range(-1, 3, "layer")
    tiles = tuple(Tile(9 - index, shown, index == 3, 0.25, 0) for index in range(10))
    return Layout(Grid(5, 7, zoom=2, columns=4, rows=3, pictures=2), (tiles, tiles))


def test_every_pixel_of_a_tile_finds_its_cell(layout: Layout) -> None:
    for picture in range(2):
        for tile in range(10):
            top, left = layout.grid.origin(picture, tile)
            for y in range(10):
                for x in range(14):
                    place = Place(picture, tile, y // 2, x // 2)
                    assert layout.locate(top + y, left + x) == place


def test_between_tiles_there_is_nothing(layout: Layout) -> None:
    height, width = layout.grid.height_pixels, layout.grid.width_pixels
    found = sum(
        layout.locate(y, x) is not None for y in range(-2, height + 2) for x in range(-2, width + 2)
    )
    assert found == 2 * 10 * (10 * 14)


def test_json_says_a_shared_range_once(layout: Layout) -> None:
    told = json.loads(json.dumps(layout.as_json(), allow_nan=False))
    assert told["columns"] == 4
    assert told["zoom"] == 2
    [picture, _] = told["pictures"]
    assert picture["channels"] == list(range(9, -1, -1))
    assert (picture["lo"], picture["hi"], picture["zero"]) == ([-1], [3], [63])
    assert picture["scale"] == "layer"
    assert picture["dead"] == [6]
    assert picture["clipped"] == [0.25] * 10
    assert picture["nonfinite"] == []


def test_json_says_ranges_of_their_own_tile_by_tile() -> None:
    tiles = tuple(Tile(k, Range(k, k + 1, "channel"), False, 0, 0) for k in range(10))
    told = Layout(Grid(5, 7, zoom=2, columns=4, rows=3, pictures=1), (tiles,)).as_json()[
        "pictures"
    ][0]
    assert told["lo"] == list(range(10))
    assert told["scale"] == "channel"
