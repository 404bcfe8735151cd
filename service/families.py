"""Families of Prometheus metrics: numbers of one name, told apart by their labels' values.

They are plain dictionaries, counted on the event loop and described when scraped. The client
library's own counters take a lock each and, under BentoML's PROMETHEUS_MULTIPROC_DIR, write to
files that a second server started by the same user erases. One worker needs neither.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)


class Family(Protocol):
    """What Prometheus can be shown."""

    def describe(self) -> Metric:
        """Its numbers, now."""
        ...


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that is read when Prometheus asks: `read` gives (label's value, number) pairs."""

    name: str
    about: str
    read: Callable[[], Iterable[tuple[str, float]]]
    label: str = "model"

    def describe(self) -> Metric:
        """Its numbers, now."""
        family = GaugeMetricFamily(self.name, self.about, labels=[self.label])
        for value, number in self.read():
            family.add_metric([value], number)
        return family


@dataclass(frozen=True, slots=True)
class Info:
    """Facts as labels of the number 1: `read` gives the values of `labels`, a line each."""

    name: str
    about: str
    labels: tuple[str, ...]
    read: Callable[[], Iterable[Sequence[str]]]

    def describe(self) -> Metric:
        """Its facts, now."""
        family = GaugeMetricFamily(self.name, self.about, labels=self.labels)
        for values in self.read():
            family.add_metric(values, 1)
        return family


class Counts:
    """What only grows."""

    def __init__(self, name: str, about: str, labels: Sequence[str]) -> None:
        self._name, self._about, self._labels = name, about, labels
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, *values: str, count: int = 1) -> None:
        """Count some more under these values of the labels."""
        self._counts[values] += count

    def describe(self) -> Metric:
        """Its numbers, now."""
        family = CounterMetricFamily(self._name, self._about, labels=self._labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        return family


class Histograms:
    """Counts of values up to each bound, and their sums, under one label."""

    def __init__(self, name: str, about: str, label: str, bounds: Sequence[float]) -> None:
        self._name, self._about, self._label = name, about, label
        self._bounds = bounds
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, label: str, value: float) -> None:
        """Count one value."""
        counts = self._counts.get(label)
        if counts is None:
            counts = self._counts[label] = [0] * (len(self._bounds) + 1)
            self._sums[label] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[label] += value

    def describe(self) -> Metric:
        """Its numbers, in the cumulative buckets that Prometheus expects."""
        family = HistogramMetricFamily(self._name, self._about, labels=[self._label])
        for label, counts in self._counts.items():
            total = 0
            buckets: list[tuple[str, float]] = []
            for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
                total += count
                buckets.append((bound, total))
            family.add_metric([label], buckets, self._sums[label])
        return family
