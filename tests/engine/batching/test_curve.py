"""The service curve: what warm-up measured, corrected by what is seen."""

import pytest

from engine.batching.curve import ServiceCurve
from tests.engine.batching.network import LINEAR, NEARLY_FREE


def test_sizes_between_are_padded_up() -> None:
    curve = ServiceCurve(NEARLY_FREE)
    assert [curve.padded(n) for n in (1, 3, 8, 9, 33)] == [1, 4, 8, 16, 33]
    assert curve.seconds(3) == NEARLY_FREE[4]
    assert curve.seconds(9) == NEARLY_FREE[16]


def test_beyond_the_largest_size_time_grows_in_proportion() -> None:
    assert ServiceCurve(LINEAR).seconds(16) == pytest.approx(0.16)


@pytest.mark.parametrize(
    ("measured", "best"),
    [
        (LINEAR, 1),
        (NEARLY_FREE, 16),
        ({1: 0.010, 2: 0.0192, 4: 0.0382}, 1),
        ({1: 0.010, 2: 0.0180, 4: 0.0352}, 2),
        ({4: 0.04}, 4),
    ],
)
def test_the_best_size_is_the_smallest_within_five_per_cent(
    measured: dict[int, float], best: int
) -> None:
    assert ServiceCurve(measured).best == best


def test_the_cheapest_size_knows_what_padding_wastes() -> None:
    curve = ServiceCurve(NEARLY_FREE)
    assert [curve.cheapest(n) for n in (1, 3, 8, 9, 15, 32)] == [1, 3, 8, 8, 15, 16]


def test_pace_follows_what_is_seen_at_every_size() -> None:
    curve = ServiceCurve(LINEAR)
    for images in (1, 2, 4, 8) * 15:
        curve.observe(images, LINEAR[images] * 3)
    assert curve.pace == pytest.approx(3, rel=0.01)
    assert curve.seconds(2) == pytest.approx(0.06, rel=0.01)


def test_spread_grows_where_runs_stray_and_shrinks_where_they_do_not() -> None:
    curve = ServiceCurve(LINEAR)
    for stray in (0.5, 1.5) * 50:
        curve.observe(1, 0.01 * stray)
    assert curve.spread == pytest.approx(0.5, abs=0.1)
    for _ in range(100):
        curve.observe(1, 0.01)
    assert curve.spread < 0.01


def test_one_stall_is_no_trend() -> None:
    curve = ServiceCurve(LINEAR)
    curve.observe(1, 3600.0)
    assert curve.pace <= 3
    curve.observe(1, 0.0)
    assert curve.pace > 0


def test_work_is_whole_runs_and_what_is_left() -> None:
    curve = ServiceCurve(NEARLY_FREE)
    assert curve.measured_work_seconds(35, 16) == pytest.approx(2 * 0.026 + 0.012)
    assert curve.measured_work_seconds(0, 16) == 0


@pytest.mark.parametrize("measured", [{}, {0: 1.0}, {1: 0.0}, {1: -1.0}])
def test_a_curve_of_nothing_is_refused(measured: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="measure the run at 1, 2, 4"):
        ServiceCurve(measured)
