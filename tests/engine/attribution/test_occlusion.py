"""Occlusion: what is lost while a patch is covered."""

from math import ceil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.occlusion import Fill, occlusion, patch_windows
from engine.errors import MethodError
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.spots import one_place, place_toy
from tests.engine.attribution.toys import CLASSES, Toy

Pictures = NDArray[np.uint8]


def test_a_network_that_looks_at_one_pixel_has_its_peak_there(
    tmp_path: Path, pictures: Pictures
) -> None:
    toy = place_toy(tmp_path, one_place(7, 15))
    maps = occlusion(
        toy.inspector, pictures, ClassTarget((0,)), patch_pixels=3, stride_pixels=1, fill="black"
    )
    assert maps.shape == (3, 12, 20)
    assert maps.dtype == np.float32
    for row, values in enumerate(maps):
        assert np.unravel_index(values.argmax(), values.shape) == (7, 15)
        np.testing.assert_allclose(values[7, 15], pictures[row, 7, 15].mean(), rtol=1e-4)
        assert not values[:5].any()  # no patch that covers the pixel reaches these rows
        assert not values[:, :13].any()


def test_one_pixel_at_a_time_a_linear_network_gives_each_pixels_own_part(
    linear: Toy, pictures: Pictures
) -> None:
    kernel = linear.weights["kernel"][:, 2].reshape(12, 20, 3)
    expected = (kernel * (pictures[:1].astype(np.float64) - 127.5)).sum(axis=-1)
    found = occlusion(
        linear.inspector, pictures[:1], ClassTarget((2,)), patch_pixels=1, stride_pixels=1
    )
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("height", "width", "patch", "stride"),
    [
        (12, 20, 3, 1),
        (12, 20, 5, 3),
        (11, 7, 7, 7),
        (9, 30, 4, 4),
        (224, 224, 28, 14),
        (5, 5, 5, 2),
    ],
)
def test_the_patches_are_so_many_and_cover_everything(
    height: int, width: int, patch: int, stride: int
) -> None:
    windows = patch_windows(height, width, patch, stride)
    rows, columns = ceil((height - patch) / stride) + 1, ceil((width - patch) / stride) + 1
    assert len(windows) == rows * columns
    times = np.zeros((height, width), int)
    for window in windows:
        assert times[window].shape == (patch, patch)
        times[window] += 1
    assert times.min() >= 1


def test_unless_asked_a_patch_is_an_eighth_of_the_shorter_side_and_half_of_it_a_step() -> None:
    windows = patch_windows(96, 128, 0, 0)
    assert windows[0] == (slice(0, 12), slice(0, 12))
    assert windows[1] == (slice(0, 12), slice(6, 18))


def test_every_patch_is_one_picture_of_the_progress_and_batches_do_not_matter(
    linear: Toy, pictures: Pictures
) -> None:
    calls: list[tuple[int, int]] = []

    def maps(batch: int) -> NDArray[np.float32]:
        calls.clear()
        return occlusion(
            linear.inspector,
            pictures[:2],
            ClassTarget(),
            patch_pixels=5,
            stride_pixels=4,
            batch=batch,
            progress=lambda *call: calls.append(call),
        )

    in_sevens = maps(7)
    windows = (ceil(7 / 4) + 1) * (ceil(15 / 4) + 1)
    assert calls[-1] == (2 * windows, 2 * windows)
    assert [done for done, _ in calls] == [7, 14, 15, 22, 29, 30]
    np.testing.assert_allclose(in_sevens, maps(1), atol=1e-4)


def test_each_picture_may_have_its_own_class(linear: Toy, pictures: Pictures) -> None:
    together = occlusion(linear.inspector, pictures, ClassTarget((3, 0, 2)), patch_pixels=4)
    for row, class_id in enumerate((3, 0, 2)):
        one = ClassTarget((class_id,))
        alone = occlusion(linear.inspector, pictures[row : row + 1], one, patch_pixels=4)
        np.testing.assert_allclose(together[row], alone[0], atol=1e-3)


def test_the_class_is_the_whole_pictures_even_where_covering_changes_the_highest(
    tmp_path: Path,
) -> None:
    places = one_place(7, 15)
    places[1, 2, 1] = 0.5
    toy = place_toy(tmp_path, places)
    pixels = np.full((1, 12, 20, 3), 200, np.uint8)
    found = occlusion(
        toy.inspector, pixels, ClassTarget(), patch_pixels=2, stride_pixels=1, fill="black"
    )
    np.testing.assert_allclose(found[0, 7, 15], 200, rtol=1e-4)
    assert abs(found[0, 1, 2]) < 1e-3


def test_a_probability_may_rise_where_what_spoke_against_it_is_covered(tmp_path: Path) -> None:
    places = one_place(7, 15)
    places[7, 15, 0] = 0.01
    places[1, 2, 1] = 0.01
    toy = place_toy(tmp_path, places)
    pixels = np.full((1, 12, 20, 3), 200, np.uint8)
    found = occlusion(
        toy.inspector, pixels, ClassTarget((0,), "probability"), patch_pixels=1, fill="black"
    )
    assert found[0, 7, 15] > 0.1
    assert found[0, 1, 2] < -0.1


@pytest.mark.parametrize(
    ("fill", "level"),
    [("black", 0), ("grey", 127.5), ("white", 255), ("mean", 60), ("blurred", 60)],
)
def test_what_covers_is_what_was_asked_for(tmp_path: Path, fill: Fill, level: float) -> None:
    toy = place_toy(tmp_path, one_place(4, 11))
    pixels = np.full((1, 12, 20, 3), 60, np.uint8)
    found = occlusion(toy.inspector, pixels, ClassTarget((0,)), patch_pixels=1, fill=fill)
    np.testing.assert_allclose(found[0, 4, 11], 60 - level, atol=1e-3)


def test_a_channel_of_a_layer_can_be_asked_about(pooled: Toy, pictures: Pictures) -> None:
    target = ChannelTarget("conv_relu", 1, position=(2, 7))
    found = occlusion(pooled.inspector, pictures, target, patch_pixels=2, stride_pixels=1)
    assert found[:, 3:8, 13:18].any()  # its receptive field is rows 4-6, columns 14-16
    assert not found[:, :3].any()
    assert not found[:, :, :13].any()


@pytest.mark.parametrize(("patch", "stride"), [(13, 1), (-1, 1), (4, 5), (4, -1)])
def test_a_patch_fits_the_picture_and_a_stride_the_patch(
    linear: Toy, pictures: Pictures, patch: int, stride: int
) -> None:
    with pytest.raises(MethodError, match="expected a"):
        occlusion(
            linear.inspector,
            pictures,
            ClassTarget((CLASSES - 1,)),
            patch_pixels=patch,
            stride_pixels=stride,
        )
