from collections.abc import Iterator

import pytest

from benchmarks.ceilings import KINDS, Swept, best, hands, layouts, quickest
from benchmarks.crew import Crew, Hands, Kind, Layout, Pace, crew
from benchmarks.pictures import sample_jpeg
from bundle.repository import Bundle


@pytest.fixture
def workers(colours: Bundle) -> Iterator[Crew]:
    with crew(colours, Hands("cpu", processes=2, threads=1), sample_jpeg()) as started:
        yield started


def test_bare_processes_decode_and_infer(workers: Crew) -> None:
    for kind in KINDS:
        pace = workers.run(kind, callers=2, batch=4, seconds=0.2)
        assert pace.per_second > 0
        assert pace.median_ms > 0
    ready = workers.run("infer", callers=1, batch=1, seconds=0.3)
    decoded = workers.run("decode + infer", callers=1, batch=1, seconds=0.3)
    assert ready.per_second > decoded.per_second  # a JPEG costs far more than a toy network


def test_two_cores_are_divided_in_every_sensible_way() -> None:
    tried = [layout for group in hands(["cpu"], 2) for layout in layouts(group, 2)]
    shapes = {(one.hands.processes, one.callers, one.hands.threads) for one in tried}
    assert shapes == {(1, 1, 1), (1, 2, 1), (1, 3, 1), (1, 1, 2), (1, 2, 2),
                      (2, 1, 1), (2, 2, 1), (2, 1, 2)}  # fmt: skip
    assert {one.batch for one in tried} == {1, 4, 8}


def test_every_provider_that_loads_is_tried() -> None:
    assert {group.provider for group in hands(["cpu", "openvino"], 2)} == {"cpu", "openvino"}


def swept(kind: Kind, processes: int, callers: int, pace: float, median_ms: float) -> Swept:
    layout = Layout(Hands("cpu", processes, 1), callers, 1)
    return Swept(kind, layout, Pace(pace, median_ms, 1.0))


def test_the_best_layouts_are_those_of_the_highest_pace() -> None:
    ones = [
        swept("infer", 2, 1, 30, 1),
        swept("infer", 1, 2, 20, 1),
        swept("decode + infer", 1, 1, 15, 1),
        swept("infer", 1, 1, 10, 1),
    ]
    found = best(ones, "infer", 2)
    assert [(one.hands.processes, one.callers) for one in found] == [(2, 1), (1, 2)]


def test_the_quickest_layout_is_of_one_caller_alone() -> None:
    ones = [
        swept("decode + infer", 2, 1, 90, 2),
        swept("decode + infer", 1, 1, 50, 20),
        swept("infer", 1, 1, 70, 1),
    ]
    assert quickest(ones) == ones[1].layout
