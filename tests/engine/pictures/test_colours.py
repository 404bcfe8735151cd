from typing import get_args

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from engine.pictures.colours import BACKGROUND, MARK, MapName, choose_map, colour_map
from engine.pictures.ranges import LEVELS, MIDDLE

NAMES = get_args(MapName)

# Linear sRGB → cones, and cones → Oklab (Ottosson 2020): the way back from the one in colours.py.
_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]
# What a dichromat sees of linear sRGB (Machado, Oliveira and Fernandes 2009, severity 1).
_DICHROMATS = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def linear(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    share = rgb / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def oklab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.cbrt(light @ np.transpose(_CONES)) @ np.transpose(_LAB)


def levels_of(name: MapName) -> NDArray[np.uint8]:
    return colour_map(name).palette[:LEVELS]


@pytest.mark.parametrize("name", NAMES)
def test_every_level_and_background_and_mark_have_colours_of_their_own(name: MapName) -> None:
    palette = colour_map(name).palette
    assert palette.shape == (256, 3)
    assert len(np.unique(palette, axis=0)) == 256


@pytest.mark.parametrize("name", NAMES)
def test_a_colour_gives_its_level_back(name: MapName) -> None:
    found = colour_map(name)
    levels = np.random.default_rng(2).permutation(256).astype(np.uint8).reshape(8, 32)
    assert_array_equal(found.levels(found.palette[levels]), levels)


def test_a_colour_of_no_map_is_refused() -> None:
    strange = np.array([[[255, 0, 0], [255, 255, 255]]], np.uint8)
    with pytest.raises(ValueError, match="colours of the grey map"):
        colour_map("grey").levels(strange)


@pytest.mark.parametrize("name", ["grey", "sequential"])
def test_a_higher_value_is_lighter(name: MapName) -> None:
    assert (np.diff(oklab(linear(levels_of(name)))[:, 0]) > 0).all()


@pytest.mark.parametrize("name", ["grey", "sequential"])
@pytest.mark.parametrize("eyes", _DICHROMATS)
def test_a_higher_value_is_lighter_for_colour_blind_eyes_too(name: MapName, eyes: str) -> None:
    seen = np.clip(linear(levels_of(name)) @ np.transpose(_DICHROMATS[eyes]), 0, 1)
    lightness = oklab(seen)[:, 0]
    assert (np.diff(lightness[::4]) > 0).all()


def test_equal_steps_look_equal() -> None:
    # over 11 levels, because rounding to 8 bits shakes single steps
    colours = oklab(linear(levels_of("sequential")))[::11]
    steps = np.linalg.norm(np.diff(colours, axis=0), axis=1)
    assert steps.max() < 1.25 * steps.min()


def test_diverging_is_neutral_at_the_middle_alone() -> None:
    chroma = np.linalg.norm(oklab(linear(levels_of("diverging")))[:, 1:], axis=1)
    assert chroma.argmin() == MIDDLE
    red, green, blue = levels_of("diverging")[MIDDLE].tolist()
    assert red == green == blue


def test_diverging_is_as_light_below_zero_as_above() -> None:
    lightness = oklab(linear(levels_of("diverging")))[:, 0]
    below, above = lightness[MIDDLE:0:-1], lightness[MIDDLE:]
    assert np.abs(below - above).max() < 0.008  # one of 255 grey levels is 0.004 or more
    assert (np.diff(above[::3]) > 0).all()


@pytest.mark.parametrize("eyes", _DICHROMATS)
def test_colour_blind_eyes_tell_signs_apart(eyes: str) -> None:
    seen = np.clip(linear(levels_of("diverging")) @ np.transpose(_DICHROMATS[eyes]), 0, 1)
    yellow_blue = oklab(seen)[:, 2]
    assert (yellow_blue[: MIDDLE - 25] < -0.03).all()
    assert (yellow_blue[MIDDLE + 25 :] > 0.03).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("index", [BACKGROUND, MARK])
def test_background_and_mark_look_like_no_level(name: MapName, index: int) -> None:
    palette = oklab(linear(colour_map(name).palette))
    distances = np.linalg.norm(palette[:LEVELS] - palette[index], axis=1)
    assert distances.min() > (0.1 if index == MARK else 0.015)


def test_maps_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        colour_map("grey").palette[0] = 7


def test_auto_takes_diverging_only_where_something_is_negative() -> None:
    assert choose_map("auto", np.array([0.0, 2.0])) == "sequential"
    assert choose_map("auto", np.array([-1e-9, 2.0])) == "diverging"
    assert choose_map("auto", np.array([np.nan, 2.0])) == "sequential"
    assert choose_map("grey", np.array([-1.0])) == "grey"
