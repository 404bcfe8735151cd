"""Runners on a processor: layouts, and answers that do not depend on them."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import onnxruntime as ort
import pytest

from bundle.repository import INSPECT, PREDICT, Bundle
from engine import warm_up
from engine.devices import CPU, Device
from engine.errors import GraphError
from engine.runners import host
from engine.runners.cpu import open_cpu
from engine.runners.host import HostRunner, Layout, lay_out
from engine.sessions import open_session

PROCESSOR = Device("cpu", CPU)


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if on four cores, and measured no longer than a moment."""
    monkeypatch.setattr(host, "core_count", lambda: 4)
    monkeypatch.setattr(host, "SECONDS", 0.002)
    monkeypatch.setattr(warm_up, "SECONDS", 0.002)


def runner(bundle: Bundle, layout: Layout, *, wide: bool = False) -> HostRunner:
    """Of a layout that is given instead of measured."""
    sessions = [open_session(bundle.path(PREDICT), threads=layout.threads) for _ in range(1 + wide)]
    return HostRunner("cpu", "fp32", bundle.manifest, layout, *sessions)


def test_a_layout_is_said_in_words(colours: Bundle) -> None:
    assert runner(colours, Layout(2, 1)).describe() == "2 callers × 1 thread"
    assert runner(colours, Layout(1, 3)).describe() == "1 caller × 3 threads"
    alone = runner(colours, Layout(2, 2), wide=True)
    assert alone.describe() == "2 callers × 2 threads, 1 × 4 when alone"


def test_callers_at_a_time_get_the_answers_of_one_alone(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    opened = open_cpu(colours, PROCESSOR, "fp32", threads=0, measure=True)
    assert (opened.device, opened.precision, opened.sizes) == ("cpu", "fp32", ())
    assert not opened.decodes_apart
    expected = opened.run(colour_pictures, alone=True)
    with ThreadPoolExecutor(opened.callers) as pool:
        for found in pool.map(opened.run, [colour_pictures] * 20):
            np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("threads", "callers"), [(1, 4), (2, 2), (3, 1), (4, 1), (9, 1)])
def test_given_threads_decide_how_many_callers_there_are(
    colours: Bundle, threads: int, callers: int
) -> None:
    opened = open_cpu(colours, PROCESSOR, "fp32", threads=threads, measure=True)
    assert opened.layout == Layout(callers, threads)
    assert opened.wide is None


def test_without_measuring_every_core_has_a_caller(colours: Bundle) -> None:
    opened = open_cpu(colours, PROCESSOR, "fp32", threads=0, measure=False)
    assert (opened.layout, opened.wide) == (Layout(4, 1), None)


@pytest.mark.parametrize(
    ("paces", "expected", "opened"),
    [
        ({1: 100, 2: 90}, Layout(4, 1), [1, 2, 4]),
        ({1: 100, 2: 120}, Layout(2, 2), [1, 2, 4]),
    ],
)
def test_the_layout_with_the_most_images_a_second_is_taken(
    colours: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    paces: dict[int, float],
    expected: Layout,
    opened: list[int],
) -> None:
    def pace(measured: HostRunner, *_: object) -> float:
        return paces[measured.layout.threads]

    monkeypatch.setattr(host, "measure_pace", pace)
    tried: list[int] = []

    def opener(layout: Layout) -> ort.InferenceSession:
        tried.append(layout.threads)
        return open_session(colours.path(PREDICT), threads=layout.threads)

    make = partial(HostRunner, "cpu", "fp32", colours.manifest)
    found = lay_out(make, opener, threads=0, batch=1, measure=True)
    assert (found.layout, tried) == (expected, opened)


def test_a_graph_with_another_interface_is_refused_before_it_is_run(colours: Bundle) -> None:
    colours.path(PREDICT).write_bytes(colours.path(INSPECT).read_bytes())
    with pytest.raises(GraphError, match=r"predict.onnx of colours takes \['image'\] and gives"):
        open_cpu(colours, PROCESSOR, "fp32", threads=0, measure=True)
