import pytest

from benchmarks.contest import Sample, added_ms, compete, median, sample, share
from benchmarks.load import Load


def paced(*paces: float) -> list[Sample]:
    return [Sample(pace, 1000 / pace, 2000 / pace, 5.0) for pace in paces]


def test_a_share_is_of_the_same_round() -> None:
    # Round by round 0.5, 0.5, 2.0: the machine's speed cancels out.
    ratio = share(paced(50, 10, 20), paced(100, 20, 10))
    assert ratio.median == pytest.approx(0.5)
    assert ratio.high > ratio.low


def test_added_time_is_of_the_same_round() -> None:
    assert added_ms(paced(50, 100), paced(100, 200)).median == pytest.approx(7.5)


def test_everybody_runs_once_a_round_in_an_order_that_turns() -> None:
    order: list[str] = []

    def run(name: str, seconds: float) -> Sample:
        order.append(name)
        return Sample(seconds, 1, 1, 1)

    runs = {name: lambda seconds, name=name: run(name, seconds) for name in ("a", "b", "c")}
    found = compete(runs, rounds=2, seconds=3)
    assert order == ["a", "b", "c", *"abc", *"bca"]
    assert median(found["a"], "per_second") == 3


def test_cpu_time_is_divided_by_everything_answered() -> None:
    load = Load(1, 0.1, (0.2, 0.3), (0.1, 0.1), (200, 503), client_cpu_seconds=0.01)
    found = sample(load, server_cpu_seconds=0.04)
    assert found.cpu_ms == pytest.approx(20)
    assert found.client_cpu_ms == pytest.approx(5)
