"""Families of Prometheus metrics: numbers of one name, told apart by their labels' values.

They are plain dictionaries, counted on the event loop and described when scraped. The client
library's own counters take a lock each and, under BentoML's PROMETHEUS_MULTIPROC_DIR, write to
files that a second server started by the same user erases. One worker needs neither.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

Labels = tuple[str, ...]
"""Values of a family's labels, in their order."""


class Family(Protocol):
    """What Prometheus can be shown."""

    def describe(self) -> Metric:
        """Its numbers, now."""
        ...


class Versioned(Family, Protocol):
    """A family whose first two labels are a model and its version."""

    def models(self) -> set[Labels]:
        """The models and versions that it has numbers of."""
        ...

    def forget(self, models: Collection[Labels]) -> None:
        """Their numbers are not shown again."""
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
class ModelGauge:
    """The same of every served version: `read` gives ((model, version), number) pairs.

    `total` says that the number only grows.
    """

    name: str
    about: str
    read: Callable[[], Iterable[tuple[Labels, float]]]
    total: bool = False

    def describe(self) -> Metric:
        """Its numbers, now."""
        kind = CounterMetricFamily if self.total else GaugeMetricFamily
        family = kind(self.name, self.about, labels=["model", "version"])
        for labels, number in self.read():
            family.add_metric(labels, number)
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
        self._counts: Counter[Labels] = Counter()

    def add(self, *labels: str, count: int = 1) -> None:
        """Count some more under these values of the labels."""
        self._counts[labels] += count

    def models(self) -> set[Labels]:
        """The models and versions that it has numbers of."""
        return {labels[:2] for labels in self._counts}

    def forget(self, models: Collection[Labels]) -> None:
        """Their numbers are not shown again."""
        for labels in [labels for labels in self._counts if labels[:2] in models]:
            del self._counts[labels]

    def describe(self) -> Metric:
        """Its numbers, now."""
        family = CounterMetricFamily(self._name, self._about, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        return family


class Histograms:
    """Counts of values up to each bound, and their sums."""

    def __init__(
        self, name: str, about: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        self._name, self._about, self._labels = name, about, labels
        self._bounds = bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, labels: Labels, value: float) -> None:
        """Count one value under these values of the labels."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def models(self) -> set[Labels]:
        """The models and versions that it has numbers of."""
        return {labels[:2] for labels in self._counts}

    def forget(self, models: Collection[Labels]) -> None:
        """Their numbers are not shown again."""
        for labels in [labels for labels in self._counts if labels[:2] in models]:
            del self._counts[labels], self._sums[labels]

    def describe(self) -> Metric:
        """Its numbers, in the cumulative buckets that Prometheus expects."""
        family = HistogramMetricFamily(self._name, self._about, labels=self._labels)
        for labels, counts in self._counts.items():
            total = 0
            buckets: list[tuple[str, float]] = []
            for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
                total += count
                buckets.append((bound, total))
            family.add_metric(labels, buckets, self._sums[labels])
        return family
