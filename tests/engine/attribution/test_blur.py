"""Gaussian blur."""

import numpy as np
from numpy.typing import NDArray

from engine.attribution.blur import gaussian_blur


def test_an_even_picture_stays_as_it_is() -> None:
    even = np.full((2, 7, 11, 3), 200, np.float32)
    np.testing.assert_allclose(gaussian_blur(even, 4.0), even, rtol=1e-6)


def test_a_point_becomes_a_gaussian() -> None:
    point = np.zeros((1, 41, 61, 1), np.float32)
    point[0, 20, 30] = 1
    found = gaussian_blur(point, 2.0)[0, :, :, 0]
    y, x = np.indices(found.shape)
    expected = np.exp(-((y - 20) ** 2 + (x - 30) ** 2) / 8) / (8 * np.pi)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_pictures_and_channels_do_not_mix(pictures: NDArray[np.uint8]) -> None:
    levels = pictures.astype(np.float32)
    together = gaussian_blur(levels, 1.5)
    alone = gaussian_blur(levels[1:2, :, :, 2:], 1.5)
    np.testing.assert_allclose(together[1:2, :, :, 2:], alone, rtol=1e-5)
