from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from engine.pictures.ranges import MIDDLE, TOP, Range, Scale, Scaling, find_ranges, parse_range

Floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


@pytest.fixture
def batch() -> np.ndarray:
    """float32 (2, 5, 7, 3): a weak picture and one ten times as strong."""
    values = np.random.default_rng(11).normal(size=(2, 5, 7, 3)).astype(np.float32)
    values[1] *= 10
    return values


def test_a_layer_spans_minimum_to_maximum_of_each_picture(batch: np.ndarray) -> None:
    for picture, ranges in zip(batch, find_ranges(batch, Scaling()), strict=True):
        assert len(set(ranges)) == 1
        assert len(ranges) == 3
        assert (ranges[0].lo, ranges[0].hi) == (picture.min(), picture.max())


def test_pictures_share_one_range_when_asked(batch: np.ndarray) -> None:
    ranges = find_ranges(batch, Scaling(share=True))
    assert len(ranges) == 2
    assert {shown for picture in ranges for shown in picture} == {
        Range(float(batch.min()), float(batch.max()), "layer")
    }


def test_a_channel_has_its_own_range(batch: np.ndarray) -> None:
    ranges = find_ranges(batch, Scaling("channel"))
    assert [r.lo for r in ranges[1]] == batch[1].min((0, 1)).tolist()
    assert [r.hi for r in ranges[1]] == batch[1].max((0, 1)).tolist()


def test_channels_share_their_ranges_over_pictures(batch: np.ndarray) -> None:
    first, second = find_ranges(batch, Scaling("channel", share=True))
    assert first == second
    assert [r.hi for r in first] == batch.max((0, 1, 2)).tolist()


def test_a_fixed_range_is_the_callers(batch: np.ndarray) -> None:
    [first, second] = find_ranges(batch, Scaling("fixed", lo=-2, hi=5))
    assert set(first + second) == {Range(-2, 5, "fixed")}


def test_quantiles_leave_out_as_much_on_both_sides() -> None:
    values = np.arange(1001, dtype=np.float32).reshape(1, 7, 11, 13)
    [[shown, *_]] = find_ranges(values, Scaling("quantile", q=0.9))
    assert (shown.lo, shown.hi) == pytest.approx((100, 900))


def test_quantiles_do_not_disturb_the_activation(batch: np.ndarray) -> None:
    before = batch.copy()
    find_ranges(batch, Scaling("quantile"))
    assert_array_equal(batch, before)


@pytest.mark.parametrize("scale", ["layer", "channel", "quantile"])
def test_values_that_are_not_finite_never_enter_a_range(batch: np.ndarray, scale: Scale) -> None:
    expected = find_ranges(batch, Scaling(scale, q=1))
    poisoned = np.concatenate([batch, batch[:, -1:]], axis=1)
    poisoned[:, -1] = np.nan
    poisoned[0, -1, 0], poisoned[1, -1, 0] = np.inf, -np.inf
    assert find_ranges(poisoned, Scaling(scale, q=1)) == expected


@pytest.mark.parametrize("scale", ["layer", "quantile"])
def test_a_channel_without_values_does_not_pull_the_layer_to_zero(scale: Scale) -> None:
    values = np.linspace(5, 6, 24, dtype=np.float32).reshape(1, 4, 3, 2)
    values[..., 1] = np.nan
    [[shown, _]] = find_ranges(values, Scaling(scale, q=1))
    assert (shown.lo, shown.hi) == (values[0, 0, 0, 0], values[0, 3, 2, 0])


@pytest.mark.parametrize("scale", ["layer", "channel", "quantile"])
def test_a_layer_without_any_value_is_zero_not_nan(scale: Scale) -> None:
    values = np.full((1, 4, 3, 2), np.nan, np.float32)
    [ranges] = find_ranges(values, Scaling(scale))
    assert set(ranges) == {Range(0, 0, scale)}


@pytest.mark.parametrize("scale", ["layer", "channel", "quantile"])
@pytest.mark.parametrize("constant", [-7.25, 0.0, 0.1])
def test_a_constant_is_mid_value_not_nan(scale: Scale, constant: float) -> None:
    values = np.full((1, 4, 3, 2), constant, np.float32)
    [[shown, _]] = find_ranges(values, Scaling(scale))
    assert shown.lo == shown.hi == np.float32(constant)
    levels = shown.levels(values)
    assert (levels == MIDDLE).all()
    assert_array_equal(shown.values(levels), values)


def test_around_a_constant_the_others_are_outside() -> None:
    shown = Range(3, 3, "quantile")
    assert shown.levels(np.array([2.9, 3, 3.1])).tolist() == [0, MIDDLE, TOP]
    assert shown.zero == 0


def test_a_symmetric_range_has_zero_at_the_middle_exactly(batch: np.ndarray) -> None:
    [[shown, *_], _] = find_ranges(batch, Scaling(), symmetric=True)
    greatest = float(np.abs(batch[0]).max())
    assert shown.hi == greatest
    assert shown.zero == MIDDLE
    assert shown.levels(np.array([greatest, 0, -greatest])).tolist() == [TOP, MIDDLE, 1]
    assert shown.values(np.array([MIDDLE]))[0] == pytest.approx(0, abs=1e-12 * greatest)


def test_a_symmetric_fixed_range_holds_both_ends(batch: np.ndarray) -> None:
    [[shown, *_], _] = find_ranges(batch, Scaling("fixed", lo=-4, hi=2), symmetric=True)
    assert shown.hi == 4
    assert shown.zero == MIDDLE
    assert (shown.levels(np.array([-4.0, 2.0])) == [1, MIDDLE + 63]).all()


def test_a_symmetric_constant_keeps_its_sign() -> None:
    values = np.full((1, 2, 3, 1), -5, np.float32)
    [[shown]] = find_ranges(values, Scaling(), symmetric=True)
    assert (shown.levels(values) == 1).all()


def test_a_symmetric_zero_is_neutral() -> None:
    values = np.zeros((1, 2, 3, 1), np.float32)
    [[shown]] = find_ranges(values, Scaling(), symmetric=True)
    assert (shown.levels(values) == MIDDLE).all()
    assert str(shown) == "lo=0.0,hi=0.0,zero=127,scale=layer"


@given(st.lists(Floats, min_size=1, max_size=40), Floats, Floats, st.booleans())
def test_a_value_comes_back_within_half_a_step_or_as_the_end_it_is_beyond(
    numbers: list[float], first: float, second: float, symmetric: bool
) -> None:
    values = np.array(numbers, np.float32)
    lo, hi = sorted((first, second))
    if lo == hi:
        return
    scaling = Scaling("fixed", lo=lo, hi=hi)
    [[shown]] = find_ranges(values[None, :, None, None], scaling, symmetric=symmetric)
    recovered = shown.values(shown.levels(values))
    half_step = (shown.hi - shown.lo) / TOP / 2
    error = np.abs(recovered - values.astype(np.float64).clip(shown.lo, shown.hi))
    rounding = 1e-15 * max(abs(shown.lo), abs(shown.hi))
    assert (error <= half_step * (1 + 1e-9) + rounding).all()


@given(Floats, Floats, st.sampled_from(["layer", "channel", "fixed", "quantile"]))
def test_a_range_survives_its_text(first: float, second: float, scale: Scale) -> None:
    lo, hi = sorted((first, second))
    assert parse_range(str(Range(lo, hi, scale))) == Range(lo, hi, scale)


def test_the_text_says_where_zero_is_drawn() -> None:
    assert str(Range(-0.5, 1.5, "layer")) == "lo=-0.5,hi=1.5,zero=63,scale=layer"
    assert str(Range(0.1, 1.5, "fixed")) == "lo=0.1,hi=1.5,zero=0,scale=fixed"


@pytest.mark.parametrize(
    "text",
    [
        *("", "lo=0", "lo=0,hi=1,zero=0,scale=log", "lo=a,hi=1,zero=0,scale=layer"),
        *("lo=2,hi=1,zero=0,scale=layer", "lo=nan,hi=1,zero=0,scale=layer"),
        "lo=0,hi=inf,zero=0,scale=layer",
    ],
)
def test_other_text_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_range(text)


@pytest.mark.parametrize(
    "numbers",
    [
        *({"lo": 1, "hi": 1}, {"lo": 2, "hi": 1}, {"lo": float("nan")}, {"hi": float("inf")}),
        *({"hi": 1e39}, {"q": 0.5}, {"q": 1.01}, {"q": float("nan")}),
    ],
)
def test_a_range_that_shows_nothing_is_refused(numbers: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Scaling("fixed", **numbers)


def test_the_narrowest_range_divides_by_nothing() -> None:
    shown = Range(0, 5e-324, "fixed")
    assert shown.levels(np.array([0, 1e38, -1])).tolist() == [MIDDLE, TOP, 0]
