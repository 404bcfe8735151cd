import gc
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle.manifest import ImageInput, Preprocessing
from engine.images import ImageHeader
from engine.recipes import Recipe, build_recipe
from engine.recipes.photographs import as_image, covered, decode_photograph

Files = dict[str, bytes]
Turn = Image.Transpose


def pillow(data: bytes) -> np.ndarray:
    """What Pillow decodes."""
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def build(draft: bool, **asked: Any) -> Recipe:
    spec = ImageInput(height=72, width=72, channels=3)
    asked = {"recipe": "pillow", "method": "crop", "in_graph": "nothing"} | asked
    return build_recipe(spec, Preprocessing(**asked), draft=draft)


def test_every_clean_jpeg_decodes_bit_for_bit_as_pillow(jpegs: Files, photos: Files) -> None:
    files = jpegs | {name: data for name, data in photos.items() if name.endswith("jpg")}
    for name, data in files.items():
        pixels = decode_photograph(data)
        if pixels is None:
            assert "stray" in name or "sampling" in name, name
        else:
            assert np.array_equal(np.asarray(as_image(pixels)), pillow(data)), name


def test_inks_and_flaws_are_left_to_pillow(cmyk_jpegs: Files, jpegs: Files) -> None:
    damaged = jpegs["restart markers"]
    for data in (*cmyk_jpegs.values(), damaged[: len(damaged) // 2], b"\xff\xd8\xff"):
        assert decode_photograph(data) is None


def test_a_shared_picture_keeps_its_memory() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (301, 403, 4), dtype=np.uint8)
    kept = pixels.copy()
    image = as_image(pixels)
    del pixels
    gc.collect()
    _ = [np.full((301, 403, 4), 7, np.uint8) for _ in range(20)]
    assert np.array_equal(np.asarray(image), kept[..., :3])
    assert np.array_equal(np.asarray(image.transpose(Turn.ROTATE_90)), np.rot90(kept[..., :3]))


def test_a_draft_reaches_what_is_asked_and_is_smaller_than_the_whole(jpegs: Files) -> None:
    data = jpegs["large"]  # 2731 x 2049
    sizes = {least: decode_photograph(data, least) for least in ((300, 200), (900, 300), (2000, 9))}
    shapes = {least: p.shape[1::-1] for least, p in sizes.items() if p is not None}
    assert shapes == {(300, 200): (342, 257), (900, 300): (1025, 769), (2000, 9): (2731, 2049)}


@pytest.mark.parametrize("turn", [None, *Turn])
def test_the_rounding_of_a_reduced_size_stays_at_its_side(turn: Turn | None) -> None:
    header = ImageHeader("JPEG", 61, 33)  # an eighth: 7.625 x 4.125 in 8 x 5 pixels
    marked = Image.new("L", (8, 5), 255)
    marked.paste(0, (0, 0, 7, 4))  # the pixels that the picture fills wholly
    left, top, right, bottom = covered((8, 5), header, turn)
    upright = marked if turn is None else marked.transpose(turn)
    assert sorted((right - left, bottom - top)) == [4.125, 7.625]
    filled = np.argwhere(np.asarray(upright) == 0)
    assert tuple(filled.min(axis=0)) == (np.ceil(top), np.ceil(left))
    assert tuple(filled.max(axis=0)) == (np.floor(bottom) - 1, np.floor(right) - 1)


@pytest.mark.parametrize(
    "asked",
    [
        {"interpolation": "bicubic", "crop_fraction": 0.875},
        {"interpolation": "bilinear"},
        {"method": "stretch"},
        {"method": "stretch", "crop_fraction": 0.875},
        {"recipe": "tensorflow", "antialias": True},
        {"recipe": "tensorflow", "method": "stretch", "antialias": True},
    ],
)
@pytest.mark.parametrize("size", [(1021, 767), (767, 1021), (1500, 613)])
def test_a_draft_is_near_the_exact_picture_turned_or_not(
    scene: Image.Image, encode: Callable[..., bytes], asked: dict[str, Any], size: tuple[int, int]
) -> None:
    large = scene.resize(size, Image.Resampling.BICUBIC)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encode(large, "JPEG", quality=92, exif=exif)
        exact, draft = (build(d, exif="apply", **asked)(data).astype(int) for d in (False, True))
        assert not np.array_equal(exact, draft)
        # TensorFlow crops whole pixels, here reduced ones: the part may move by half a pixel.
        limit = 0.7 if asked.get("recipe") is None else 2.5
        assert np.abs(exact - draft).mean() < limit, orientation


def test_a_draft_of_a_small_padded_or_other_picture_is_the_exact_one(
    scene: Image.Image, encode: Callable[..., bytes]
) -> None:
    large = scene.resize((900, 700))
    for data, asked in (
        (encode(scene.crop((0, 0, 140, 120)), "JPEG"), {"crop_fraction": 0.875}),
        (encode(large, "JPEG"), {"method": "pad"}),
        (encode(large, "JPEG"), {"method": "pad", "recipe": "tensorflow"}),
        (encode(large, "JPEG"), {"recipe": "tensorflow"}),  # it does not antialias
        (encode(large, "JPEG"), {"interpolation": "nearest"}),
        (encode(large, "PNG"), {"crop_fraction": 0.875}),
        (encode(large.convert("CMYK"), "JPEG"), {}),
    ):
        assert np.array_equal(build(False, **asked)(data), build(True, **asked)(data))
