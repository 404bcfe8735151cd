import numpy as np
import pytest
from numpy.testing import assert_allclose

from engine.errors import ChannelNotFoundError
from engine.pictures.order import Sort, channel_contributions, order_channels
from engine.statistics import ChannelStatistics, channel_statistics


@pytest.fixture
def statistics() -> ChannelStatistics:
    """Five channels of (2, 3); the greatest mean is 3's, maximum 1's, deviation 1's."""
    values = np.zeros((2, 3, 5), np.float32)
    values[0, 0] = 1, 9, 2, 5, 2
    values[1, 2] = 1, -9, 2, 5, 2
    return channel_statistics(values)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("index", (0, 1, 2, 3, 4)),
        ("mean", (3, 2, 4, 0, 1)),
        ("max", (1, 3, 2, 4, 0)),
        ("std", (1, 3, 2, 4, 0)),
    ],
)
def test_the_greatest_comes_first_and_equals_keep_their_order(
    statistics: ChannelStatistics, sort: Sort, expected: tuple[int, ...]
) -> None:
    assert order_channels(statistics, sort=sort) == expected


def test_the_limit_cuts_after_sorting(statistics: ChannelStatistics) -> None:
    assert order_channels(statistics, sort="max", limit=2) == (1, 3)


def test_channels_that_the_caller_picked_keep_the_callers_order(
    statistics: ChannelStatistics,
) -> None:
    assert order_channels(statistics, channels=[4, 0, 3], limit=2) == (4, 0)


def test_picked_channels_are_sorted_among_themselves(statistics: ChannelStatistics) -> None:
    assert order_channels(statistics, sort="mean", channels=[4, 0, 2]) == (2, 4, 0)


def test_a_channel_without_a_value_comes_last() -> None:
    values = np.array([np.nan, -1, 3], np.float32)
    assert order_channels(channel_statistics(values), sort="mean") == (2, 1, 0)


@pytest.mark.parametrize("channel", [5, -1])
def test_a_channel_that_is_not_there_is_named(statistics: ChannelStatistics, channel: int) -> None:
    with pytest.raises(ChannelNotFoundError, match=f"from 0 to 4, received {channel}"):
        order_channels(statistics, channels=[0, channel])


def test_contributions_sort_by_what_each_channel_gave(statistics: ChannelStatistics) -> None:
    given = np.array([0.5, -3, 0.5, 0, 2])
    found = order_channels(statistics, sort="contribution", contributions=given)
    assert found == (4, 0, 2, 3, 1)


def test_contributions_cannot_be_guessed(statistics: ChannelStatistics) -> None:
    with pytest.raises(ValueError, match="contributions"):
        order_channels(statistics, sort="contribution")


def test_contributions_of_a_pooled_head_sum_to_the_logit() -> None:
    random = np.random.default_rng(8)
    activation = random.normal(size=(5, 7, 11)).astype(np.float32)
    kernel = random.normal(size=11)
    logit = activation.mean((0, 1), np.float64) @ kernel
    gradient = np.broadcast_to(kernel / (5 * 7), activation.shape)
    contributions = channel_contributions(activation, gradient)
    assert contributions.shape == (11,)
    assert_allclose(contributions.sum(), logit, rtol=1e-12)


def test_contributions_of_units_are_their_products() -> None:
    found = channel_contributions(np.array([2.0, 3.0]), np.array([-1.0, 4.0]))
    assert found.tolist() == [-2, 12]
