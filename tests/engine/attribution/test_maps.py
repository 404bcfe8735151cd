"""From tensors to maps, and maps to another size."""

import numpy as np
import pytest

from engine.attribution.maps import to_map, upsample


@pytest.mark.parametrize(
    ("reduce", "expected"), [("max", [4, 2]), ("l2", [5, 3]), ("sum", [-1, 5])]
)
def test_reductions_over_channels(reduce: str, expected: list[float]) -> None:
    tensor = np.array([[[[3, -4, 0], [1, 2, 2]]]], np.float32)
    found = to_map(tensor, reduce)  # type: ignore[arg-type]  # one of the literals above
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[expected]])


def test_a_map_of_the_same_size_stays_as_it_is() -> None:
    maps = np.random.default_rng(1).normal(size=(2, 5, 9)).astype(np.float32)
    np.testing.assert_array_equal(upsample(maps, 5, 9), maps)


def test_the_middle_of_a_cell_keeps_its_value() -> None:
    maps = np.random.default_rng(2).normal(size=(2, 4, 6)).astype(np.float32)
    found = upsample(maps, 12, 30)
    assert found.shape == (2, 12, 30)
    np.testing.assert_allclose(found[:, 1::3, 2::5], maps, rtol=1e-5)


def test_between_two_centres_it_is_linear_and_beyond_them_even() -> None:
    found = upsample(np.array([[[0, 1]]], np.float32), 1, 8)
    np.testing.assert_allclose(found[0, 0], [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])


def test_mirror_images_stay_mirror_images() -> None:
    maps = np.random.default_rng(3).normal(size=(1, 3, 7)).astype(np.float32)
    found = upsample(maps, 20, 33)
    np.testing.assert_allclose(upsample(maps[:, ::-1], 20, 33), found[:, ::-1], atol=1e-5)
    np.testing.assert_allclose(upsample(maps[:, :, ::-1], 20, 33), found[:, :, ::-1], atol=1e-5)


def test_a_single_cell_fills_the_picture() -> None:
    assert (upsample(np.full((1, 1, 1), 3, np.float32), 12, 20) == 3).all()
