"""Whatever bytes come in: a picture, or an ImageError that shows nothing of our inside."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bundle.manifest import ImageInput, Preprocessing
from engine.errors import ImageError
from engine.images import ImageLimits
from engine.recipes import Recipe, build_recipe

# As in production, where engine.images asks for it: metadata that Pillow warns of is not read.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

INSIDE = re.compile(r"0x|PIL|simplejpeg|numpy|Error|Traceback|\.py|object at|libjpeg")
LIMITS = ImageLimits(max_pixels=200_000)
SETTINGS = settings(
    max_examples=400, deadline=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def build(**asked: Any) -> Recipe:
    asked = {"recipe": "tensorflow", "method": "stretch", "in_graph": "nothing"} | asked
    return build_recipe(ImageInput(height=7, width=11, channels=3), Preprocessing(**asked), LIMITS)


RECIPES = (
    build(exif="apply", background=(1, 2, 3)),
    build(),
    build(recipe="pillow", exif="apply", background=(1, 2, 3)),
)


def survives(data: bytes) -> int:
    """How many recipes made a picture of the bytes; anything but an ImageError is a failure."""
    made = 0
    for recipe in RECIPES:
        try:
            pixels = recipe(data)
        except ImageError as error:
            message = str(error)
            assert not INSIDE.search(message), message
            assert "\n" not in message
        else:
            assert pixels.shape == (7, 11, 3)
            assert pixels.dtype == np.uint8
            made += 1
    return made


@pytest.fixture(scope="module")
def small(encode: Callable[..., bytes], scene: Image.Image) -> list[bytes]:
    """One small picture of every format and coding."""
    image = scene.resize((33, 21))
    alpha = image.copy()
    alpha.putalpha(90)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    profile = image.info["icc_profile"]
    return [
        encode(image, "JPEG", exif=exif, icc_profile=profile),
        encode(image, "JPEG", progressive=True, subsampling=0),
        encode(image.convert("CMYK"), "JPEG"),
        encode(alpha, "PNG", exif=exif, icc_profile=None),
        encode(image.quantize(17), "PNG", transparency=3, icc_profile=None),
        encode(image.quantize(17), "GIF", transparency=3),
        encode(image, "GIF", save_all=True, append_images=[image.rotate(90)]),
        encode(image, "BMP"),
        encode(image.quantize(9), "BMP"),
        encode(image, "WEBP", icc_profile=None),
        encode(alpha, "WEBP", lossless=True, icc_profile=None),
        encode(image, "WEBP", save_all=True, append_images=[image.rotate(90)], icc_profile=None),
        encode(image, "TIFF", tiffinfo={0x0112: 6}, icc_profile=None),
        encode(image, "TIFF", compression="tiff_lzw", icc_profile=None),
        encode(alpha, "TIFF", compression="tiff_adobe_deflate", icc_profile=None),
        encode(image.convert("1"), "TIFF", compression="group4", icc_profile=None),
    ]


def test_the_pictures_that_are_broken_below_are_whole(small: list[bytes]) -> None:
    assert [survives(data) for data in small] == [len(RECIPES)] * len(small)


def test_a_picture_cut_short_anywhere_is_an_error(small: list[bytes]) -> None:
    for data in small:
        # What follows the pixels is not missed: trailers, padding, an animation's later frames.
        for end in [*range(0, len(data) // 3, 7), len(data) // 2]:
            if data[:2] == b"BM" and end > 2 * len(data) // 3:
                continue
            survives(data[:end])
    stills = [data for index, data in enumerate(small) if index not in (6, 11)]
    assert [survives(data[: len(data) // 2]) for data in stills] == [0] * len(stills)


@SETTINGS
@given(st.data())
def test_flipped_bytes_yield_pixels_or_an_image_error(small: list[bytes], data: Any) -> None:
    picture = bytearray(data.draw(st.sampled_from(small)))
    places = st.integers(0, len(picture) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=8)):
        picture[place] = data.draw(st.integers(0, 255))
    survives(bytes(picture))


@SETTINGS
@given(st.data())
def test_damaged_headers_yield_pixels_or_an_image_error(small: list[bytes], data: Any) -> None:
    picture = bytearray(data.draw(st.sampled_from(small)))
    place = data.draw(st.integers(2, 120))
    picture[place : place + 4] = data.draw(
        st.sampled_from(
            [
                b"\0\0\0\0",
                b"\xff\xff\xff\xff",
                b"\x7f\xff\xff\xff",
                b"\xff\xff\xff\x7f",
                b"\0\0\1\0",
            ]
        )
        | st.binary(min_size=1, max_size=8)
    )
    survives(bytes(picture))


@SETTINGS
@given(st.data())
def test_pieces_of_pictures_yield_pixels_or_an_image_error(small: list[bytes], data: Any) -> None:
    first, second = (data.draw(st.sampled_from(small)) for _ in range(2))
    cut, resume = (data.draw(st.integers(0, len(part))) for part in (first, second))
    survives(first[:cut] + data.draw(st.binary(max_size=16)) + second[resume:])


@SETTINGS
@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*",
                     b"RIFF\x40\0\0\0WEBPVP8 ", b"RIFF\x40\0\0\0WEBPVP8L", b""]),
    st.binary(max_size=300),
)  # fmt: skip
def test_random_bytes_yield_an_image_error(magic: bytes, rest: bytes) -> None:
    survives(magic + rest)
