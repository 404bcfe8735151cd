from io import BytesIO

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from engine.errors import TooMuchError
from engine.pictures.colours import colour_map
from engine.pictures.encoding import encode_png
from engine.pictures.indexed import Picture
from engine.pictures.ranges import Range, Scaling, parse_range
from engine.pictures.sprite import draw_sprite
from tests.engine.pictures.reading import open_png, read_layout


@pytest.fixture
def picture() -> Picture:
    levels = np.random.default_rng(51).permutation(256).astype(np.uint8).reshape(8, 32)
    return Picture(levels, colour_map("sequential"), Range(-1 / 3, 1e-17, "quantile"))


def test_the_files_indices_are_the_levels(picture: Picture) -> None:
    indices, _ = open_png(encode_png(picture))
    assert_array_equal(indices, picture.levels)


def test_the_file_shows_the_maps_colours(picture: Picture) -> None:
    with Image.open(BytesIO(encode_png(picture))) as image:
        assert image.mode == "P"
        assert_array_equal(np.asarray(image.convert("RGB")), picture.rgb)


def test_the_file_carries_the_range_exactly(picture: Picture) -> None:
    _, texts = open_png(encode_png(picture))
    assert parse_range(texts["Cutaway-Range"]) == picture.range
    assert texts["Cutaway-Map"] == "sequential"
    assert "lo + level * (hi - lo) / 253" in texts["Description"]


def test_a_picture_with_many_ranges_has_them_in_its_layout_alone() -> None:
    values = np.random.default_rng(52).normal(size=(2, 5, 7, 3))
    data = encode_png(draw_sprite(values))
    assert "Cutaway-Range" not in open_png(data)[1]
    assert [len(picture["lo"]) for picture in read_layout(data)["pictures"]] == [1, 1]


def test_a_large_layout_fits_a_text_chunk() -> None:
    values = np.random.default_rng(53).normal(size=(1, 2, 3, 2048)).astype(np.float32)
    data = encode_png(draw_sprite(values, zoom=1))
    assert read_layout(data)["pictures"][0]["channels"] == list(range(2048))


def test_more_ranges_than_a_file_can_say_are_refused() -> None:
    values = np.random.default_rng(55).normal(size=(12, 2, 1, 2048)).astype(np.float32)
    picture = draw_sprite(values, zoom=1, scaling=Scaling("channel"))
    with pytest.raises(TooMuchError, match="24576 tiles") as caught:
        encode_png(picture)
    fitting = int(caught.value.fits.split()[1]) // 12
    data = encode_png(draw_sprite(values[..., :fitting], zoom=1, scaling=Scaling("channel")))
    assert len(read_layout(data)["pictures"][11]["lo"]) == fitting


def test_numbers_of_the_callers_own_travel_too(picture: Picture) -> None:
    _, texts = open_png(encode_png(picture, Cutaway_Layer="vgg19/block5_conv4"))
    assert texts["Cutaway-Layer"] == "vgg19/block5_conv4"


@pytest.mark.parametrize("shape", [(5, 9), (5, 9, 3)])
def test_plain_pixels_are_encoded_as_they_are(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(54).integers(0, 256, shape, dtype=np.uint8)
    found, texts = open_png(encode_png(pixels, Cutaway_Range="lo=0.0"))
    assert_array_equal(found, pixels)
    assert texts["Cutaway-Range"] == "lo=0.0"
