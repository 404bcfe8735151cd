from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.recipes.parts import Axis, Part

KERNELS = [Image.Resampling[name] for name in ("BICUBIC", "BILINEAR", "LANCZOS", "BOX")]
BICUBIC = Image.Resampling.BICUBIC
side = st.integers(1, 400)


def colours(width: int, height: int, mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng((width, height))
    pixels = noise.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def compare(size: tuple[int, int], short: int, part: tuple[int, int], kernel: Any) -> Part:
    """The centre of the picture with its short side resized to `short` is the whole's."""
    scale = short / min(size)
    scaled = tuple(max(int(pixels * scale), each) for pixels, each in zip(size, part, strict=True))
    corner = [round((a - b) / 2) for a, b in zip(scaled, part, strict=True)]
    axes = [Axis(size[i], scaled[i], corner[i], part[i]) for i in (0, 1)]
    made = Part(axes[0], axes[1])
    if made.exact:
        for mode in ("RGB", "L"):
            picture = colours(*size, mode)
            box = (corner[0], corner[1], corner[0] + part[0], corner[1] + part[1])
            expected = picture.resize((scaled[0], scaled[1]), kernel).crop(box)
            strip = picture.crop((0, made.rows[0], size[0], made.rows[1]))
            ours = made.resize(strip, kernel)
            assert ours.size == part
            assert np.array_equal(np.asarray(ours), np.asarray(expected))
    return made


@settings(max_examples=150, deadline=None)
@given(side, side, st.integers(8, 300), st.floats(0.3, 1), st.sampled_from(KERNELS))
def test_a_part_of_any_picture_equals_that_of_the_whole(
    width: int, height: int, short: int, share: float, kernel: Any
) -> None:
    if max(width, height) <= 12 * min(width, height):
        edge = max(int(short * share), 1)
        compare((width, height), short, (edge, edge), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    "size", [(500, 375), (375, 500), (640, 427), (427, 640), (512, 512), (1280, 720), (200, 150)]
)
def test_photograph_sizes_are_cut_to_the_bit(size: tuple[int, int], kernel: Any) -> None:
    assert compare(size, 256, (224, 224), kernel).exact


def test_an_axis_is_cut_before_it_is_resized_only_where_float32_holds_its_corners() -> None:
    assert Axis(375, 256, 16, 224).exact
    assert Axis(1024, 512, 1, 9).exact
    assert not Axis(500, 341, 58, 224).exact
    assert not Axis(70_001, 256, 16, 224).exact


def test_fewer_rows_are_taken_than_there_are() -> None:
    first, last = Axis(3000, 256, 16, 224).needed
    assert 0 < first < 16 * 3000 / 256 < 240 * 3000 / 256 < last < 3000


def test_a_tall_picture_whose_columns_pillow_resizes_first_is_left_to_it() -> None:
    assert compare((180, 320), 160, (140, 140), BICUBIC).exact
    assert not compare((150, 301), 130, (114, 114), BICUBIC).exact
