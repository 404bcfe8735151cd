"""The first request for a set of layers builds its session: how long, and who waits meanwhile."""

import threading
import time
from collections.abc import Callable

import numpy as np

from benchmarks.report import Line, ratio_line
from benchmarks.rounds import Ratio
from benchmarks.subjects import Subject
from bundle.repository import INSPECT, Bundle
from engine.arrays import Pixels
from engine.classifier import Classifier
from engine.inspector import INPUT, Inspector
from engine.targets import ClassTarget


def measure_building(subject: Subject, bundle: Bundle, pixels: Pixels, rounds: int) -> list[Line]:
    """First requests against predictions, and predictions while sessions are built."""
    classifier = Classifier(bundle)
    prediction = _median(lambda: classifier.predict(pixels), 2 * rounds)
    lines = [
        _first(what, work, bundle, prediction, rounds)
        for what, work in {
            f"first request for layer `{subject.middle}`": lambda inspector: inspector.activations(
                pixels, [subject.middle]
            ),
            "first request for the gradient of the input": lambda inspector: inspector.sensitivity(
                pixels, ClassTarget(), [INPUT]
            ),
        }.items()
    ]
    return [*lines, *_meanwhile(classifier, bundle, pixels, rounds)]


def _first(
    what: str,
    work: Callable[[Inspector], object],
    bundle: Bundle,
    prediction: float,
    rounds: int,
) -> Line:
    """Requests to inspectors that have kept nothing, as multiples of a prediction."""
    seconds: list[float] = []
    for _ in range(max(3, rounds // 5)):
        inspector = Inspector(bundle.path(INSPECT), bundle.manifest)
        inspector.layer(bundle.manifest.layers[0].path)
        started = time.perf_counter()
        work(inspector)
        seconds.append(time.perf_counter() - started)
    low, median, high = np.quantile(seconds, [0.25, 0.5, 0.75]) / prediction
    return ratio_line(what, Ratio(float(median), float(low), float(high)))


def _meanwhile(classifier: Classifier, bundle: Bundle, pixels: Pixels, rounds: int) -> list[Line]:
    """Predictions with and without a thread beside them that builds one session after another.

    The yardstick beside it is a thread that computes: two busy cores are shared either way.
    """
    quiet = _latencies(classifier, pixels, rounds)

    def build() -> None:
        inspector = Inspector(bundle.path(INSPECT), bundle.manifest)
        inspector.sensitivity(pixels, ClassTarget(), [INPUT])

    def compute() -> None:
        np.linalg.svd(np.ones((300, 300)))

    building = _beside(build, lambda: _latencies(classifier, pixels, 3 * rounds))
    computing = _beside(compute, lambda: _latencies(classifier, pixels, 3 * rounds))
    return [
        _compare("a prediction while sessions are built without a pause", building, quiet),
        _compare("(a prediction while another thread multiplies matrices)", computing, quiet),
    ]


def _compare(what: str, busy: list[float], quiet: list[float]) -> Line:
    """Median and slowest of the predictions beside other work, against the quiet median."""
    yardstick = float(np.median(quiet))
    median, slow = np.quantile(busy, [0.5, 0.95]) / yardstick
    return Line(what, f"{median:.2f}; 19 of 20 within {slow:.2f}")


def _beside(work: Callable[[], None], measure: Callable[[], list[float]]) -> list[float]:
    """Measure while a thread works."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            work()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        return measure()
    finally:
        stop.set()
        thread.join()


def _latencies(classifier: Classifier, pixels: Pixels, count: int) -> list[float]:
    """Seconds of predictions, one after another."""
    seconds: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        classifier.predict(pixels)
        seconds.append(time.perf_counter() - started)
    return seconds


def _median(work: Callable[[], object], count: int) -> float:
    """Median seconds."""
    seconds: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[count // 4 :]))
