"""Prometheus metrics: counted in plain dictionaries on the event loop, described when scraped.

The client library's own counters take a lock each and, under BentoML's PROMETHEUS_MULTIPROC_DIR,
write to files that a second server started by the same user erases. One worker needs neither.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What a client may write there is not bounded; the labels are."""
PICTURES = (1, 2, 4, 8, 16, 32, 64)

INSPECTION_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that is read when Prometheus asks: `read` gives (label's value, number) pairs."""

    name: str
    about: str
    read: Callable[[], Iterable[tuple[str, float]]]
    label: str = "model"


class Histogram:
    """Counts of values up to each bound, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def add_to(self, family: HistogramMetricFamily, label: str) -> None:
        """Describe it under one label, in the cumulative buckets that Prometheus expects."""
        total = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
        family.add_metric([label], buckets, self._sum)


class Metrics(Collector):
    """What is counted. Called on the event loop alone."""

    def __init__(self) -> None:
        self._gauges: list[Gauge] = []
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._images: Counter[tuple[str, str]] = Counter()
        self._latency: dict[str, Histogram] = {}
        self._batch_size: dict[str, Histogram] = {}
        self._inspections: Counter[tuple[str, str]] = Counter()
        self._inspection_seconds: dict[str, Histogram] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def add(self, gauge: Gauge) -> None:
        """Show one more number."""
        self._gauges.append(gauge)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answered request; `route` is the template, never the path a client wrote."""
        known = method if method in METHODS else "other"
        self._requests[route, known, str(status)] += 1
        self._latency.setdefault(route, Histogram(SECONDS)).observe(seconds)

    def count_images(self, model: str, outcome: str, count: int) -> None:
        """Pictures of one request; the outcome is `predicted`, `inspected` or a code."""
        self._images[model, outcome] += count

    def observe_batch(self, model: str, size: int) -> None:
        """How many pictures shared the run that answered a request."""
        self._batch_size.setdefault(model, Histogram(PICTURES)).observe(size)

    def observe_inspection(self, kind: str, outcome: str, seconds: float) -> None:
        """One inspection; the outcome is `answered`, `client_left` or an error code."""
        self._inspections[kind, outcome] += 1
        self._inspection_seconds.setdefault(kind, Histogram(INSPECTION_SECONDS)).observe(seconds)

    def collect(self) -> Iterable[Metric]:
        """What Prometheus reads."""
        yield _counter(
            "cutaway_requests", "Requests answered.", ("route", "method", "status"), self._requests
        )
        yield _counter(
            "cutaway_images", "Pictures received, by outcome.", ("model", "outcome"), self._images
        )
        yield _counter(
            "cutaway_inspections", "Inspections asked for.", ("kind", "outcome"), self._inspections
        )
        yield _histogram(
            "cutaway_request_seconds",
            "From headers to the end of the answer.",
            "route",
            self._latency,
        )
        yield _histogram(
            "cutaway_batch_size", "Pictures of the run that answered.", "model", self._batch_size
        )
        yield _histogram(
            "cutaway_inspection_seconds",
            "From the whole request received to its answer.",
            "kind",
            self._inspection_seconds,
        )
        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.about, labels=[gauge.label])
            for value, number in gauge.read():
                family.add_metric([value], number)
            yield family

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)


def _counter(
    name: str, about: str, labels: Sequence[str], counts: Mapping[tuple[str, ...], int]
) -> Metric:
    """Counts under their labels."""
    family = CounterMetricFamily(name, about, labels=labels)
    for values, count in counts.items():
        family.add_metric(values, count)
    return family


def _histogram(name: str, about: str, label: str, histograms: Mapping[str, Histogram]) -> Metric:
    """Histograms under one label."""
    family = HistogramMetricFamily(name, about, labels=[label])
    for value, histogram in histograms.items():
        histogram.add_to(family, value)
    return family
