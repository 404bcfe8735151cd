import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from engine.pictures.colours import MARK
from engine.pictures.heatmap import draw_heat_maps, lay_over
from engine.pictures.ranges import MIDDLE, TOP, Scaling

HEIGHT, WIDTH = 36, 60


@pytest.fixture
def maps() -> NDArray[np.float32]:
    """float32 (2, 3, 5), not negative; the second is ten times as strong."""
    values = np.random.default_rng(31).random((2, 3, 5)).astype(np.float32)
    values[1] *= 10
    return values


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(32).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def test_a_map_is_drawn_at_the_pictures_size_in_its_own_range(maps: NDArray[np.float32]) -> None:
    pictures = draw_heat_maps(maps, height=HEIGHT, width=WIDTH)
    for picture, values in zip(pictures, maps, strict=True):
        assert picture.levels.shape == (HEIGHT, WIDTH)
        assert picture.colours.name == "sequential"
        assert picture.range is not None
        assert (picture.range.lo, picture.range.hi) == (values.min(), values.max())


def test_the_middle_of_a_cell_shows_the_cells_own_value(maps: NDArray[np.float32]) -> None:
    # thirteen pixels a cell: an odd number has a middle
    [picture, _] = draw_heat_maps(maps, height=3 * 13, width=5 * 13)
    assert picture.range is not None
    middles = picture.range.values(picture.levels[6::13, 6::13])
    step = (picture.range.hi - picture.range.lo) / 253
    assert np.abs(middles - maps[0]).max() <= 0.51 * step


def test_a_map_at_its_own_size_comes_back_within_half_a_step(maps: NDArray[np.float32]) -> None:
    for picture, values in zip(draw_heat_maps(maps, height=3, width=5), maps, strict=True):
        assert picture.range is not None
        error = np.abs(picture.range.values(picture.levels) - values)
        assert error.max() <= (picture.range.hi - picture.range.lo) / 506 * (1 + 1e-6)


def test_maps_share_a_range_when_asked(maps: NDArray[np.float32]) -> None:
    first, second = draw_heat_maps(maps, height=9, width=10, scaling=Scaling(share=True))
    assert first.range == second.range
    assert first.levels.max() < second.levels.max()


def test_a_signed_map_is_symmetric_about_the_neutral_middle(maps: NDArray[np.float32]) -> None:
    maps[0] -= 0.4
    maps[0, 1, 2] = 0
    [picture, _] = draw_heat_maps(maps, height=3, width=5)
    assert picture.colours.name == "diverging"
    assert picture.levels[1, 2] == MIDDLE
    greatest = np.unravel_index(np.abs(maps[0]).argmax(), (3, 5))
    assert picture.levels[greatest] in {1, TOP}


@pytest.mark.parametrize("constant", [0.0, 0.25])
def test_a_constant_map_is_mid_value_not_nan(constant: float) -> None:
    [picture] = draw_heat_maps(np.full((1, 3, 5), constant, np.float32), height=6, width=10)
    assert (picture.levels == MIDDLE).all()


def test_nan_in_a_map_is_marked(maps: NDArray[np.float32]) -> None:
    maps[0, 0, 0] = np.nan
    [picture, _] = draw_heat_maps(maps, height=3, width=5)
    assert picture.levels[0, 0] == MARK
    assert (picture.levels == MARK).sum() == 1


def test_an_overlay_mixes_the_map_with_the_grey_picture(
    maps: NDArray[np.float32], pixels: NDArray[np.uint8]
) -> None:
    [heat, _] = draw_heat_maps(maps, height=HEIGHT, width=WIDTH)
    mixed = lay_over(heat, pixels, opacity=0.25)
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    expected = 0.25 * heat.rgb + 0.75 * grey[..., None]
    assert mixed.dtype == np.uint8
    assert np.abs(mixed - expected).max() < 0.51


def test_full_opacity_is_the_map_and_none_the_picture(
    maps: NDArray[np.float32], pixels: NDArray[np.uint8]
) -> None:
    [heat, _] = draw_heat_maps(maps, height=HEIGHT, width=WIDTH)
    assert_array_equal(lay_over(heat, pixels, opacity=1), heat.rgb)
    below = lay_over(heat, pixels, opacity=0)
    assert (below[..., 0] == below[..., 2]).all()
    white = np.full_like(pixels, 255)
    assert (lay_over(heat, white, opacity=0) == 255).all()


def test_float_levels_and_grey_pictures_are_pictures_too(
    maps: NDArray[np.float32], pixels: NDArray[np.uint8]
) -> None:
    [heat, _] = draw_heat_maps(maps, height=HEIGHT, width=WIDTH)
    assert_array_equal(lay_over(heat, pixels.astype(np.float32)), lay_over(heat, pixels))
    grey = pixels[..., :1]
    assert (
        np.abs(lay_over(heat, grey).astype(int) - lay_over(heat, grey.repeat(3, axis=-1))).max()
        <= 1
    )


def test_levels_beyond_black_and_white_are_clipped(maps: NDArray[np.float32]) -> None:
    [heat, _] = draw_heat_maps(maps, height=HEIGHT, width=WIDTH)
    loud = np.full((HEIGHT, WIDTH, 1), 300, np.float32)
    assert (lay_over(heat, loud, opacity=0) == 255).all()
