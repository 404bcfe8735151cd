"""Stated preprocessing equals what keras.applications does to the same pictures."""

import importlib

import numpy as np
import pytest

from export.errors import SettingsError
from export.stated import KERAS_MODULES, PREPROCESS_NAMES, from_name, from_numbers, parse_numbers


@pytest.fixture
def levels() -> np.ndarray:
    """float32 (2, 5, 7, 3): seeded levels with the extremes in them."""
    levels = np.random.default_rng(3).uniform(0, 255, (2, 5, 7, 3)).astype(np.float32)
    levels[0, 0, 0], levels[1, 4, 6] = 0, 255
    return levels


@pytest.mark.parametrize("name", sorted(KERAS_MODULES))
def test_each_keras_module_is_preprocessed_as_keras_does_it(name: str, levels: np.ndarray) -> None:
    module = importlib.import_module(f"keras.applications.{name}")
    expected = module.preprocess_input(levels.copy())
    np.testing.assert_allclose(from_name(name).apply(levels), expected, atol=3e-5, rtol=1e-6)


@pytest.mark.parametrize("mode", ["tf", "caffe", "torch"])
def test_each_mode_is_imagenet_utils(mode: str, levels: np.ndarray) -> None:
    utils = importlib.import_module("keras.applications.imagenet_utils")
    expected = utils.preprocess_input(levels.copy(), mode=mode)
    np.testing.assert_allclose(from_name(mode).apply(levels), expected, atol=3e-5, rtol=1e-6)


def test_none_leaves_the_levels(levels: np.ndarray) -> None:
    assert from_name("none").is_identity
    np.testing.assert_array_equal(from_name("none").apply(levels), levels)


def test_every_name_says_what_it_does_in_words() -> None:
    for name in PREPROCESS_NAMES:
        assert "levels" in from_name(name).words


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'mobilnet'.*mobilenet_v2"):
        from_name("mobilnet")


def test_scale_and_offset_are_those_of_rescaling(levels: np.ndarray) -> None:
    stated = from_numbers(scale=(1 / 127.5,), offset=(-1.0,))
    np.testing.assert_allclose(stated.apply(levels), levels / 127.5 - 1, atol=1e-6)
    assert stated.words == "RGB levels * 0.00784314 + -1"


def test_mean_and_deviation_come_after_the_scale(levels: np.ndarray) -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    stated = from_numbers(scale=(1 / 255,), mean=mean, std=std)
    np.testing.assert_allclose(stated.apply(levels), from_name("torch").apply(levels), atol=1e-5)


def test_bgr_turns_the_channels_before_the_numbers(levels: np.ndarray) -> None:
    stated = from_numbers(mean=(103.939, 116.779, 123.68), color="BGR")
    np.testing.assert_allclose(stated.apply(levels), from_name("caffe").apply(levels), atol=3e-5)


def test_a_mean_for_unit_levels_without_a_scale_is_refused() -> None:
    with pytest.raises(SettingsError, match="add --scale 1/255"):
        from_numbers(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def test_a_zero_deviation_is_refused() -> None:
    with pytest.raises(SettingsError, match="--std holds a zero"):
        from_numbers(mean=(1.0,), std=(1.0, 0.0, 1.0))


def test_a_grey_model_takes_neither_bgr_nor_three_numbers() -> None:
    with pytest.raises(SettingsError, match="BGR needs three channels"):
        from_numbers(color="BGR").check_channels(1)
    with pytest.raises(SettingsError, match="expected 1 or 1 numbers, received 3"):
        from_name("torch").check_channels(1)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("127.5", (127.5,)), ("1/255", (1 / 255,)), ("-1", (-1.0,)), ("1, 2,3", (1.0, 2.0, 3.0))],
)
def test_numbers_may_be_fractions_and_lists(text: str, numbers: tuple[float, ...]) -> None:
    assert parse_numbers(text) == pytest.approx(numbers)


@pytest.mark.parametrize("text", ["", "a", "1,2", "1;2;3", "1/0"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected one number, or three"):
        parse_numbers(text)
