from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from engine.images import DEFAULT_LIMITS
from engine.recipes.decoding import decode
from engine.turbojpeg import read_jpeg_header

Files = dict[str, bytes]
Decode = Callable[[bytes, int], np.ndarray]


def worst(files: Files, channels: int, original: Decode) -> dict[str, float]:
    """File → largest difference in levels, for those that differ."""
    differences = {}
    for name, data in files.items():
        ours = decode(data, channels, DEFAULT_LIMITS)
        theirs = original(data, channels)
        assert ours.dtype == np.uint8, name
        assert ours.shape == theirs.shape, name
        differences[name] = np.abs(ours.astype(int) - theirs).max()
    return {name: difference for name, difference in differences.items() if difference}


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_decodes_bit_for_bit_as_tensorflow(
    jpegs: Files, tensorflow_decode: Decode, channels: int
) -> None:
    assert worst(jpegs, channels, tensorflow_decode) == {}


def test_cmyk_jpeg_decodes_bit_for_bit_as_tensorflow(
    cmyk_jpegs: Files, tensorflow_decode: Decode
) -> None:
    assert worst(cmyk_jpegs, 3, tensorflow_decode) == {}


def test_cmyk_jpeg_is_grey_for_a_model_of_one_channel(
    cmyk_jpegs: Files, scene: Image.Image
) -> None:
    grey = decode(cmyk_jpegs["Adobe"], 1, DEFAULT_LIMITS)
    assert np.abs(grey[..., 0] - np.asarray(scene.convert("L"), float)).mean() < 3


@pytest.mark.parametrize("channels", [1, 3])
def test_png_decodes_bit_for_bit_as_tensorflow(
    pngs: Files, tensorflow_decode: Decode, channels: int
) -> None:
    deep = {"16 bits, colour type 2", "16 bits, colour type 6"} if channels == 1 else set()
    differences = worst(pngs, channels, tensorflow_decode)
    assert set(differences) <= deep, differences
    assert all(difference <= 1 for difference in differences.values())


def test_gif_decodes_bit_for_bit_as_tensorflow(gifs: Files, tensorflow_decode: Decode) -> None:
    assert worst(gifs, 3, tensorflow_decode) == {}


def test_bmp_decodes_bit_for_bit_as_tensorflow(bmps: Files, tensorflow_decode: Decode) -> None:
    assert worst(bmps, 3, tensorflow_decode) == {}


def test_webp_decodes_bit_for_bit_as_tensorflow(webps: Files, tensorflow_decode: Decode) -> None:
    assert worst(webps, 3, tensorflow_decode) == {}


@pytest.mark.parametrize("channels", [1, 3])
def test_photographs_decode_bit_for_bit_as_tensorflow(
    photos: Files, tensorflow_decode: Decode, channels: int
) -> None:
    readable = {n: d for n, d in photos.items() if channels == 3 or not n.endswith("gif")}
    assert worst(readable, channels, tensorflow_decode) == {}


def test_what_tensorflow_refuses_is_decoded_all_the_same(
    refused_by_tensorflow: Files, tensorflow_decode: Decode, scene: Image.Image
) -> None:
    for name, data in refused_by_tensorflow.items():
        with pytest.raises(tf.errors.InvalidArgumentError):
            tensorflow_decode(data, 3)
        for channels, wanted in ((1, scene.convert("L")), (3, scene)):
            pixels = decode(data, channels, DEFAULT_LIMITS)
            assert pixels.shape == (137, 201, channels), name
            if name not in ("BMP 1 bit", "TIFF grey"):
                difference = np.abs(pixels.squeeze() - np.asarray(wanted, float))
                assert difference.mean() < 6, name


@pytest.mark.parametrize("kind", ["gifs", "bmps", "webps"])
def test_a_model_of_one_channel_sees_what_tensorflow_refuses_to_make_grey(
    kind: str, request: pytest.FixtureRequest, tensorflow_decode: Decode
) -> None:
    for name, data in request.getfixturevalue(kind).items():
        with pytest.raises(tf.errors.InvalidArgumentError):
            tensorflow_decode(data, 1)
        assert decode(data, 1, DEFAULT_LIMITS).ndim == 3, name


def test_chroma_sampled_in_a_way_turbojpeg_cannot_name_goes_through_pillow(
    scene: Image.Image, tensorflow_decode: Decode, encode: Callable[..., bytes]
) -> None:
    # Stored as RGB, all three colours share their Huffman tables: the blocks may be dealt anew.
    data = bytearray(encode(scene.resize((40, 24)), "JPEG", keep_rgb=True, subsampling=0))
    frame = data.find(b"\xff\xc0")
    assert data[frame + 11] == data[frame + 14] == data[frame + 17] == 0x11
    data[frame + 11] = 0x31
    assert read_jpeg_header(bytes(data)) is None
    ours = decode(bytes(data), 3, DEFAULT_LIMITS)
    assert np.abs(ours.astype(int) - tensorflow_decode(bytes(data), 3)).max() <= 18


def test_a_background_goes_under_transparent_pixels(pngs: Files, gifs: Files) -> None:
    blue = (0, 0, 255)
    for data in (pngs["RGBA"], pngs["palette, one colour transparent"], gifs["transparent"]):
        pixels = decode(data, 3, DEFAULT_LIMITS, blue)
        dropped = decode(data, 3, DEFAULT_LIMITS)
        assert pixels.shape == dropped.shape
        assert not np.array_equal(pixels, dropped)
    assert np.array_equal(
        decode(pngs["RGB"], 3, DEFAULT_LIMITS, blue), decode(pngs["RGB"], 3, DEFAULT_LIMITS)
    )
