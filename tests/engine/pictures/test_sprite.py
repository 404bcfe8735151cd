import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from engine.errors import ChannelNotFoundError, TooMuchError
from engine.pictures.colours import BACKGROUND, MARK, MapName
from engine.pictures.encoding import encode_png
from engine.pictures.indexed import Picture
from engine.pictures.layout import Layout
from engine.pictures.ranges import MIDDLE, TOP, Scale, Scaling
from engine.pictures.sprite import draw_sprite
from tests.engine.pictures.reading import read_layout, read_values


@pytest.fixture
def activations() -> NDArray[np.float32]:
    """float32 (2, 5, 9, 11), signed; channel 4 is dead on the second picture."""
    values = np.random.default_rng(21).normal(size=(2, 5, 9, 11)).astype(np.float32)
    values *= np.arange(1, 12, dtype=np.float32)
    values[1] *= 3
    values[1, ..., 4] = 0
    return values


def layout_of(picture: Picture) -> Layout:
    assert picture.layout is not None
    return picture.layout


def as_tiles(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """(batch, height, width, channels) → (pictures, tiles, height, width), as they are read."""
    return values.astype(np.float64).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("scale", ["layer", "channel", "fixed", "quantile"])
@pytest.mark.parametrize("colours", ["grey", "sequential", "diverging"])
@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("zoom", [1, 3])
def test_values_come_back_from_the_file_within_half_a_step(
    activations: NDArray[np.float32], scale: Scale, colours: MapName, share: bool, zoom: int
) -> None:
    scaling = Scaling(scale, lo=-2, hi=7, q=0.9, share=share)
    picture = draw_sprite(activations, scaling=scaling, colours=colours, zoom=zoom)
    read = read_values(encode_png(picture))
    for number, tiles in enumerate(layout_of(picture).tiles):
        for position, tile in enumerate(tiles):
            if tile.dead:
                continue
            exact = as_tiles(activations)[number, position].clip(tile.range.lo, tile.range.hi)
            half_step = (tile.range.hi - tile.range.lo) / 506
            assert np.abs(read[number, position] - exact).max() <= half_step * (1 + 1e-9)


def test_the_colours_alone_give_the_values_back_too(activations: NDArray[np.float32]) -> None:
    picture = draw_sprite(activations)
    assert_array_equal(picture.colours.levels(picture.rgb), picture.levels)


def test_the_range_is_the_whole_layers_whatever_is_picked(
    activations: NDArray[np.float32],
) -> None:
    [first, _] = activations
    picture = draw_sprite(first[None], channels=[2, 0], colours="grey")
    assert picture.range is not None
    assert (picture.range.lo, picture.range.hi) == (first.min(), first.max())


def test_channels_stand_in_the_order_asked(activations: NDArray[np.float32]) -> None:
    picture = draw_sprite(activations, channels=[7, 3, 5])
    data = encode_png(picture)
    assert read_layout(data)["pictures"][1]["channels"] == [7, 3, 5]
    exact = as_tiles(activations)[:, [7, 3, 5]]
    step = max(tile.range.hi - tile.range.lo for tile in layout_of(picture).tiles[1]) / 253
    assert np.abs(read_values(data) - exact).max() < step


def test_separators_and_missing_tiles_are_background_and_in_no_range() -> None:
    values = np.full((1, 3, 4, 5), 8, np.float32)
    values[0, 0, 0, 0] = 9
    picture = draw_sprite(values, zoom=2)
    assert picture.range is not None
    assert picture.range.lo == 8
    found = (picture.levels == BACKGROUND).sum()
    assert found == picture.levels.size - 5 * (3 * 2) * (4 * 2)


def test_a_pixel_finds_the_value_that_it_shows(activations: NDArray[np.float32]) -> None:
    picture = draw_sprite(activations[:1], scaling=Scaling("channel"), zoom=3)
    layout = layout_of(picture)
    y, x = layout.grid.origin(0, 6)
    place = layout.locate(y + 3 * 2 + 1, x + 3 * 8 + 2)
    assert place is not None
    assert (place.y, place.x) == (2, 8)
    tile = layout.tiles[0][place.tile]
    shown = tile.range.levels(activations[0, place.y, place.x, tile.channel])
    assert picture.levels[y + 7, x + 26] == shown


def test_signed_layers_are_diverging_with_zero_in_the_middle(
    activations: NDArray[np.float32],
) -> None:
    picture = draw_sprite(activations[:1])
    assert picture.colours.name == "diverging"
    assert picture.range is not None
    assert picture.range.zero == MIDDLE


def test_unsigned_layers_are_sequential(activations: NDArray[np.float32]) -> None:
    picture = draw_sprite(np.maximum(activations, 0))
    assert picture.colours.name == "sequential"
    assert layout_of(picture).tiles[0][0].range.zero == 0


def test_dead_channels_are_marked_and_listed(activations: NDArray[np.float32]) -> None:
    picture = draw_sprite(activations, zoom=4)
    layout = layout_of(picture)
    assert [[t.channel for t in tiles if t.dead] for tiles in layout.tiles] == [[], [4]]
    y, x = layout.grid.origin(1, 4)
    tile = picture.levels[y : y + 20, x : x + 36]
    assert set(np.unique(tile)) == {MIDDLE, MARK}
    assert 0 < (tile == MARK).sum() < tile.size / 10
    assert (picture.levels == MARK).sum() == (tile == MARK).sum()
    assert tile[10, 18] == MARK


def test_a_dead_unit_is_listed_but_its_zero_stays_visible() -> None:
    picture = draw_sprite(np.array([[0, 1, 0, 3]], np.float32))
    assert [tile.dead for tile in layout_of(picture).tiles[0]] == [True, False, True, False]
    assert (picture.levels != MARK).all()


def test_units_are_tiles_of_one_cell() -> None:
    units = np.random.default_rng(5).random((2, 10)).astype(np.float32)
    picture = draw_sprite(units)
    grid = layout_of(picture).grid
    assert (grid.tile_height, grid.tile_width, grid.zoom) == (1, 1, 16)
    assert (grid.columns, grid.rows, grid.pictures) == (4, 3, 2)
    read = read_values(encode_png(picture))[..., 0, 0]
    assert np.abs(read - units).max() < 1 / 253


def test_a_sequence_stands_upright() -> None:
    picture = draw_sprite(np.random.default_rng(5).random((1, 6, 4)))
    grid = layout_of(picture).grid
    assert (grid.tile_height, grid.tile_width) == (6, 1)


def test_several_pictures_share_a_range_when_asked(activations: NDArray[np.float32]) -> None:
    apart = draw_sprite(activations)
    assert apart.range is None
    together = draw_sprite(activations, scaling=Scaling(share=True))
    assert together.range is not None
    assert together.range.hi == np.abs(activations).max()


def test_clipped_values_are_counted(activations: NDArray[np.float32]) -> None:
    picture = draw_sprite(activations, scaling=Scaling("fixed", lo=-1, hi=2), colours="grey")
    for values, tiles in zip(as_tiles(activations), layout_of(picture).tiles, strict=True):
        for plane, tile in zip(values, tiles, strict=True):
            assert tile.clipped == pytest.approx(((plane < -1) | (plane > 2)).mean())


def test_nothing_is_clipped_of_a_layers_own_range(activations: NDArray[np.float32]) -> None:
    tiles = layout_of(draw_sprite(activations)).tiles
    assert {tile.clipped for picture in tiles for tile in picture} == {0}


def test_nan_is_marked_and_infinity_is_clipped(activations: NDArray[np.float32]) -> None:
    activations[0, 1, 2, 3], activations[0, 1, 3, 3] = np.nan, np.inf
    picture = draw_sprite(activations[:1], zoom=1)
    layout = layout_of(picture)
    y, x = layout.grid.origin(0, 3)
    assert picture.levels[y + 1, x + 2 : x + 4].tolist() == [MARK, TOP]
    tile = layout.tiles[0][3]
    assert (tile.nonfinite, tile.clipped) == (2, pytest.approx(1 / 45))
    assert (picture.levels == MARK).sum() == 1


def test_a_layer_wider_than_one_chunk_is_drawn_whole() -> None:
    values = np.random.default_rng(6).random((1, 150, 211, 5)).astype(np.float32)
    read = read_values(encode_png(draw_sprite(values, zoom=1)))
    assert np.abs(read - as_tiles(values)).max() <= 1 / 506


def test_a_constant_channel_is_mid_value_not_nan() -> None:
    values = np.full((1, 3, 4, 2), 5, np.float32)
    picture = draw_sprite(values, scaling=Scaling("channel"))
    assert set(np.unique(picture.levels)) == {MIDDLE, BACKGROUND}
    assert (read_values(encode_png(picture)) == 5).all()


def test_too_many_pixels_are_refused_before_any_is_drawn(
    activations: NDArray[np.float32],
) -> None:
    with pytest.raises(TooMuchError, match="would fit"):
        draw_sprite(activations, zoom=40, max_pixels=10_000)


def test_a_sprite_of_no_channels_is_refused(activations: NDArray[np.float32]) -> None:
    with pytest.raises(ChannelNotFoundError, match="at least one"):
        draw_sprite(activations, channels=[])


def test_the_activation_is_left_as_it_was(activations: NDArray[np.float32]) -> None:
    before = activations.copy()
    activations.flags.writeable = False
    draw_sprite(activations, scaling=Scaling("quantile"))
    assert_array_equal(activations, before)
