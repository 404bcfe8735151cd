import math
from collections.abc import Callable
from contextlib import nullcontext as nothing
from io import BytesIO
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from bundle.manifest import ImageInput, Preprocessing
from engine.errors import UnsupportedImageError
from engine.images import ImageLimits
from engine.recipes import build_recipe

Files = dict[str, bytes]
BILINEAR = {"interpolation": "bilinear"}
FILTERS = {"area": "box"}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "area", "lanczos")
KINDS = ("photos", "jpegs", "cmyk_jpegs", "gifs", "bmps", "webps", "refused_by_tensorflow")
side = st.integers(1, 90)


def recipe(height: int, width: int, channels: Any = 3, dtype: Any = "uint8", **asked: Any) -> Any:
    spec = ImageInput(height=height, width=width, channels=channels, dtype=dtype)
    asked = {"recipe": "pillow", "method": "stretch", "in_graph": "nothing"} | asked
    return build_recipe(spec, Preprocessing(**asked), ImageLimits(max_aspect=1000))


def load_img(data: bytes, size: tuple[int, int], channels: int, **asked: Any) -> np.ndarray:
    """Keras' own loading of the file, as an array."""
    mode = "rgb" if channels == 3 else "grayscale"
    image = keras.utils.load_img(BytesIO(data), color_mode=mode, target_size=size, **asked)
    return keras.utils.img_to_array(image)


def colours(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng((width, height))
    return Image.fromarray(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("keep_aspect_ratio", [False, True])
def test_pictures_arrive_as_load_img_loads_them(
    request: pytest.FixtureRequest, channels: int, keep_aspect_ratio: bool
) -> None:
    files: Files = {
        f"{kind}: {name}": data
        for kind in KINDS
        for name, data in request.getfixturevalue(kind).items()
    }
    files |= {n: d for n, d in request.getfixturevalue("pngs").items() if not n.startswith("16")}
    files |= {"16-bit colour": request.getfixturevalue("pngs")["16 bits, colour type 2"]}
    size = (61, 90) if keep_aspect_ratio else (90, 61)
    ours = recipe(*size, channels, method="crop" if keep_aspect_ratio else "stretch")
    for name, data in files.items():
        with_bytes_transparency = "each colour so" in name  # Pillow warns of what it drops
        context = pytest.warns(match="Transparency") if with_bytes_transparency else nothing()
        with context:
            theirs = load_img(
                data, size, channels, interpolation="bilinear", keep_aspect_ratio=keep_aspect_ratio
            )
        assert np.array_equal(ours(data), theirs), name


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_every_interpolation_is_load_imgs(photos: Files, interpolation: str) -> None:
    for name in ("china.jpg", "coins.png", "logo.png"):
        theirs = load_img(
            photos[name], (77, 123), 3, interpolation=FILTERS.get(interpolation, interpolation)
        )
        ours = recipe(77, 123, interpolation=interpolation)(photos[name])
        assert np.array_equal(ours, theirs), name


@settings(max_examples=80, deadline=None)
@given(side, side, side, side)
def test_any_shape_is_cropped_to_the_pixel_as_load_img_does(
    width: int, height: int, to_width: int, to_height: int
) -> None:
    if min(width * to_height // to_width, height * to_width // to_height) == 0:
        return  # load_img asks Pillow for an empty box; here a pixel stays
    stream = BytesIO()
    colours(width, height).save(stream, "PNG")
    theirs = load_img(
        stream.getvalue(),
        (to_height, to_width),
        3,
        interpolation="nearest",
        keep_aspect_ratio=True,
    )
    ours = recipe(to_height, to_width, method="crop", interpolation="nearest")
    assert np.array_equal(ours(stream.getvalue()), theirs)


def test_float32_input_gets_the_whole_levels_that_load_img_trains_with(photos: Files) -> None:
    exact = recipe(50, 70, dtype="float32")(photos["coffee.png"])
    assert exact.dtype == np.float32
    assert np.array_equal(exact, recipe(50, 70)(photos["coffee.png"]))


@settings(max_examples=60, deadline=None)
@given(side, side, st.integers(1, 64), st.sampled_from([0.875, 0.9, 0.95, 0.5, 0.99]))
def test_a_square_target_is_resized_and_cropped_as_torchvision_does(
    width: int, height: int, target: int, fraction: float
) -> None:
    """Resize(floor(target / fraction)) and CenterCrop(target), as they are written there."""
    picture = colours(width, height)
    wanted = math.floor(target / fraction)
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = wanted, int(wanted * long / short)
    new_size = (new_short, new_long) if width <= height else (new_long, new_short)
    scaled = picture.resize(new_size, Image.Resampling.BICUBIC)
    top = int(round((scaled.height - target) / 2.0))  # noqa: RUF046 (as torchvision has it)
    left = int(round((scaled.width - target) / 2.0))  # noqa: RUF046
    expected = scaled.crop((left, top, left + target, top + target))
    stream = BytesIO()
    picture.save(stream, "PNG")
    ours = recipe(target, target, method="crop", interpolation="bicubic", crop_fraction=fraction)
    assert np.array_equal(ours(stream.getvalue()), np.asarray(expected))


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (37, 211)])
def test_another_target_is_covered_as_timm_covers_it(
    encode: Callable[..., bytes], size: tuple[int, int]
) -> None:
    """ResizeKeepRatio(floor(target / fraction)) and CenterCrop(target)."""
    height, width = 90, 120
    picture = colours(*size)
    ratio = min(
        picture.height / math.floor(height / 0.875), picture.width / math.floor(width / 0.875)
    )
    scaled = picture.resize(
        (round(picture.width / ratio), round(picture.height / ratio)), Image.Resampling.BILINEAR
    )
    top, left = round((scaled.height - height) / 2), round((scaled.width - width) / 2)
    expected = scaled.crop((left, top, left + width, top + height))
    ours = recipe(height, width, method="crop", crop_fraction=0.875)(encode(picture, "PNG"))
    assert np.array_equal(ours, np.asarray(expected))


def test_a_stretched_picture_can_be_cropped_too(encode: Callable[..., bytes]) -> None:
    picture = colours(80, 50)
    scaled = picture.resize((80, 56), Image.Resampling.BILINEAR)  # 70 and 49 over 0.875
    expected = scaled.crop((5, 4, 75, 53))  # 3.5 from the top, rounded to even
    ours = recipe(49, 70, crop_fraction=0.875)(encode(picture, "PNG"))
    assert np.array_equal(ours, np.asarray(expected))


@settings(max_examples=60, deadline=None)
@given(side, side, side, side)
def test_padding_is_pillows(width: int, height: int, to_width: int, to_height: int) -> None:
    picture = colours(width, height)
    stream = BytesIO()
    picture.save(stream, "PNG")
    expected = ImageOps.pad(picture, (to_width, to_height), Image.Resampling.BILINEAR)
    ours = recipe(to_height, to_width, method="pad")(stream.getvalue())
    assert np.array_equal(ours, np.asarray(expected))


def test_16_bit_pictures_are_scaled_where_load_img_clips_them_to_white(pngs: Files) -> None:
    data = pngs["16 bits, colour type 0"]
    deep = np.asarray(Image.open(BytesIO(data)))
    theirs = load_img(data, (23, 37), 3)
    assert theirs.mean() > 250
    for channels in (1, 3):
        ours = recipe(23, 37, channels, interpolation="nearest")(data)
        assert np.array_equal(ours[..., 0], deep >> 8)


def test_levels_of_32_bits_are_refused(encode: Callable[..., bytes]) -> None:
    for mode in ("F", "I"):
        data = encode(Image.new(mode, (9, 5), 7), "TIFF")
        for name in ("pillow", "tensorflow"):
            with pytest.raises(UnsupportedImageError, match="32 bits"):
                recipe(4, 4, recipe=name)(data)


def test_exif_orientation_is_ignored_unless_the_manifest_asks(
    scene: Image.Image, encode: Callable[..., bytes]
) -> None:
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encode(scene, "JPEG", exif=exif)
        theirs = ImageOps.exif_transpose(Image.open(BytesIO(data)))
        upright = theirs.resize((61, 40), Image.Resampling.BILINEAR)
        assert np.array_equal(recipe(40, 61, exif="apply")(data), np.asarray(upright))
        assert np.array_equal(recipe(40, 61)(data), load_img(data, (40, 61), 3, **BILINEAR))


# As in production, where engine.images asks for it: metadata that Pillow warns of is not read.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_broken_exif_block_does_not_cost_the_picture(
    scene: Image.Image, encode: Callable[..., bytes]
) -> None:
    plain = recipe(40, 61)(encode(scene, "JPEG"))
    for block in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0" + b"\xee" * 60_000):
        data = encode(scene, "JPEG", exif=block)
        assert np.array_equal(recipe(40, 61, exif="apply")(data), plain)


def test_a_stated_background_shows_through(
    scene: Image.Image, encode: Callable[..., bytes]
) -> None:
    alpha = scene.copy()
    alpha.putalpha(scene.convert("L"))
    expected = Image.new("RGBA", scene.size, (255, 255, 255, 255))
    expected.alpha_composite(alpha)
    size = (scene.height, scene.width)
    for format_ in ("PNG", "TIFF"):
        data = encode(alpha, format_)
        ours = recipe(*size, background=(255, 255, 255))(data)
        assert np.array_equal(ours, np.asarray(expected.convert("RGB")))
        assert np.array_equal(recipe(*size)(data), np.asarray(scene))
