import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from engine.pictures.encoding import encode_png
from engine.pictures.gradients import Display, draw_gradients
from engine.pictures.ranges import MIDDLE, TOP, Scaling
from tests.engine.pictures.reading import open_png


@pytest.fixture
def gradients() -> NDArray[np.float32]:
    """float32 (2, 6, 10, 3), signed; the second is ten times as strong."""
    values = np.random.default_rng(41).normal(size=(2, 6, 10, 3)).astype(np.float32)
    values[1] *= 10
    return values


def test_raw_keeps_red_green_and_blue_with_zero_at_mid_grey(
    gradients: NDArray[np.float32],
) -> None:
    gradients[0, 2, 3] = 0
    for picture, values in zip(draw_gradients(gradients), gradients, strict=True):
        assert picture.range is not None
        assert picture.levels.shape == (6, 10, 3)
        assert picture.range.hi == np.abs(values).max()
        error = np.abs(picture.range.values(picture.levels) - values).max()
        assert error <= (picture.range.hi - picture.range.lo) / 506 * (1 + 1e-6)
    assert draw_gradients(gradients)[0].rgb[2, 3].tolist() == [128, 128, 128]


def test_raw_colours_are_the_levels_own(gradients: NDArray[np.float32]) -> None:
    [picture, _] = draw_gradients(gradients)
    rgb, texts = open_png(encode_png(picture))
    assert rgb.shape == (6, 10, 3)
    assert texts["Cutaway-Range"] == str(picture.range)
    assert_allclose(rgb, picture.levels * (255 / 253), atol=0.51)


def test_grey_is_the_mean_of_the_channels(gradients: NDArray[np.float32]) -> None:
    [picture, _] = draw_gradients(gradients, display="grey")
    assert picture.range is not None
    assert picture.levels.shape == (6, 10)
    assert picture.range.zero == MIDDLE
    error = np.abs(picture.range.values(picture.levels) - gradients[0].mean(-1)).max()
    assert error <= (picture.range.hi - picture.range.lo) / 506 * (1 + 1e-6)


def test_norm_is_the_length_over_the_channels(gradients: NDArray[np.float32]) -> None:
    [_, picture] = draw_gradients(gradients, display="norm")
    assert picture.range is not None
    length = np.linalg.norm(gradients[1], axis=-1)
    assert (picture.range.lo, picture.range.hi) == (length.min(), length.max())
    assert picture.levels.flat[length.argmin()] == 0
    assert picture.levels.flat[length.argmax()] == TOP


@pytest.mark.parametrize("display", ["raw", "grey"])
def test_a_grey_networks_gradient_is_grey(display: Display) -> None:
    values = np.linspace(-1, 2, 60, dtype=np.float32).reshape(1, 6, 10, 1)
    [picture] = draw_gradients(values, display=display)
    assert picture.is_indexed
    assert picture.rgb.shape == (6, 10, 3)
    assert picture.levels[5, 9] == TOP


def test_gradients_share_a_range_when_asked(gradients: NDArray[np.float32]) -> None:
    first, second = draw_gradients(gradients, scaling=Scaling(share=True))
    assert first.range == second.range
    assert np.ptp(first.levels) < np.ptp(second.levels)


@pytest.mark.parametrize("display", ["raw", "grey", "norm"])
def test_no_gradient_at_all_is_mid_grey(display: Display) -> None:
    [picture] = draw_gradients(np.zeros((1, 6, 10, 3), np.float32), display=display)
    assert (picture.rgb == 128).all()
