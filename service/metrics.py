"""Prometheus metrics: counted in plain dictionaries on the event loop, described when scraped.

The client library's own counters take a lock each and, under BentoML's PROMETHEUS_MULTIPROC_DIR,
write to files that a second server started by the same user erases. One worker needs neither.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

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

Gauges = Callable[[], Iterable[tuple[str, float]]]
"""(model, value) of every served model, now."""


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

    def __init__(self, queued: Gauges) -> None:
        self._queued = queued
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._images: Counter[tuple[str, str]] = Counter()
        self._latency: dict[str, Histogram] = {}
        self._batch_size: dict[str, Histogram] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answered request; `route` is the template, never the path a client wrote."""
        known = method if method in METHODS else "other"
        self._requests[route, known, str(status)] += 1
        self._latency.setdefault(route, Histogram(SECONDS)).observe(seconds)

    def count_images(self, model: str, outcome: str, count: int) -> None:
        """Pictures of one request; the outcome is `predicted` or an error code."""
        self._images[model, outcome] += count

    def observe_batch(self, model: str, size: int) -> None:
        """How many pictures shared the run that answered a request."""
        self._batch_size.setdefault(model, Histogram(PICTURES)).observe(size)

    def collect(self) -> Iterable[Metric]:
        """What Prometheus reads."""
        requests = CounterMetricFamily(
            "cutaway_requests", "Requests answered.", labels=["route", "method", "status"]
        )
        for labels, count in self._requests.items():
            requests.add_metric(labels, count)
        images = CounterMetricFamily(
            "cutaway_images", "Pictures received, by outcome.", labels=["model", "outcome"]
        )
        for labels, count in self._images.items():
            images.add_metric(labels, count)
        latency = HistogramMetricFamily(
            "cutaway_request_seconds", "From headers to the end of the answer.", labels=["route"]
        )
        for route, histogram in self._latency.items():
            histogram.add_to(latency, route)
        batches = HistogramMetricFamily(
            "cutaway_batch_size", "Pictures of the run that answered.", labels=["model"]
        )
        for model, histogram in self._batch_size.items():
            histogram.add_to(batches, model)
        queued = GaugeMetricFamily(
            "cutaway_queued_images", "Pictures decoding or waiting.", labels=["model"]
        )
        for model, value in self._queued():
            queued.add_metric([model], value)
        return [requests, images, latency, batches, queued]

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)
