from typing import Any

import pytest

from engine.errors import TooMuchError
from engine.pictures.layout import Grid
from engine.pictures.planning import plan_grid


def grid(**changes: Any) -> Grid:
    asked = {"pictures": 1, "tiles": 10, "tile_height": 5, "tile_width": 7, "zoom": 2} | changes
    return plan_grid(**asked)


@pytest.mark.parametrize(
    ("tiles", "ratio", "columns", "rows"),
    [(10, 1, 4, 3), (10, 4, 7, 2), (10, 0.1, 1, 10), (10, 100, 10, 1), (1, 1, 1, 1), (9, 1, 3, 3)],
)
def test_columns_are_the_root_of_tiles_times_ratio(
    tiles: int, ratio: float, columns: int, rows: int
) -> None:
    found = grid(tiles=tiles, ratio=ratio)
    assert (found.columns, found.rows) == (columns, rows)


def test_a_separator_runs_all_round() -> None:
    found = grid()
    assert found.height_pixels == 1 + 3 * (5 * 2 + 1)
    assert found.width_pixels == 1 + 4 * (7 * 2 + 1)
    assert found.origin(0, 0) == (1, 1)
    assert found.origin(0, 5) == (12, 16)


def test_pictures_stand_one_under_another() -> None:
    found = grid(pictures=3)
    one = grid().height_pixels
    assert found.height_pixels == 3 * one + 2 * 8
    assert found.origin(2, 0) == (2 * (one + 8) + 1, 1)


@pytest.mark.parametrize(
    ("height", "width", "zoom"), [(7, 7, 8), (14, 14, 4), (28, 20, 2), (112, 112, 1), (1, 1, 16)]
)
def test_small_tiles_are_magnified_until_cells_show(height: int, width: int, zoom: int) -> None:
    assert grid(tile_height=height, tile_width=width, zoom=None).zoom == zoom


def test_automatic_zoom_shrinks_to_fit() -> None:
    free = grid(tiles=100, zoom=None)
    tight = grid(tiles=100, zoom=None, max_pixels=100_000)
    assert free.zoom == 8
    assert tight.zoom == 5
    assert tight.height_pixels * tight.width_pixels <= 100_000


def test_a_zoom_that_is_too_much_says_which_fits() -> None:
    with pytest.raises(TooMuchError, match="zoom 5 would fit") as caught:
        grid(tiles=100, zoom=9, max_pixels=100_000)
    asked = grid(tiles=100, zoom=9)
    assert caught.value.asked == f"{asked.height_pixels * asked.width_pixels} pixels"
    assert caught.value.cap == "100000 pixels"
    assert caught.value.fits == "zoom 5"
    fitting = grid(tiles=100, zoom=5)
    assert fitting.height_pixels * fitting.width_pixels <= 100_000


@pytest.mark.parametrize(("pictures", "ratio"), [(1, 1.0), (3, 1.0), (2, 7.0), (5, 0.2)])
def test_too_many_channels_say_how_many_fit(pictures: int, ratio: float) -> None:
    with pytest.raises(TooMuchError) as caught:
        grid(pictures=pictures, tiles=5000, zoom=None, ratio=ratio, max_pixels=50_000)
    channels = int(caught.value.fits.split()[0])
    fitting = grid(pictures=pictures, tiles=channels, zoom=None, ratio=ratio, max_pixels=50_000)
    assert fitting.zoom == 1
    assert channels > 100


def test_pictures_too_large_for_even_one_channel_say_so() -> None:
    with pytest.raises(TooMuchError) as caught:
        grid(pictures=4, tile_height=300, tile_width=200, max_pixels=100_000)
    assert caught.value.fits == "fewer pictures"
