"""Interleaved rounds of short runs: servers under load, bare processes; the order turns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmarks.crew import Crew, Kind, Layout
from benchmarks.load import Load, closed_loop
from benchmarks.pictures import Body
from benchmarks.processes import at_work, cpu_seconds
from benchmarks.rounds import Ratio
from benchmarks.servers import Running


@dataclass(frozen=True, slots=True)
class Sample:
    """One short run.

    Args:
        per_second: pictures answered.
        p50_ms, p99_ms: of a request, or of a run.
        cpu_ms: of the whole server tree, a picture.
        client_cpu_ms: of the load generator, a picture.
        statuses: of the answers, how often each came.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    client_cpu_ms: float = 0.0
    statuses: Mapping[int, int] = field(default_factory=dict[int, int])


Run = Callable[[float], Sample]
"""For this many seconds."""


def server_run(server: Running, body: Body, clients: int) -> Run:
    """Load from that many clients; between two runs the server is stopped."""

    def run(seconds: float) -> Sample:
        with at_work(server.pid):
            before = cpu_seconds(server.pid)
            load = closed_loop(server.url, body, clients=clients, seconds=seconds)
            return sample(load, cpu_seconds(server.pid) - before)

    return run


def crew_run(workers: Crew, layout: Layout, kind: Kind) -> Run:
    """The bare processes in this layout."""

    def run(seconds: float) -> Sample:
        pace = workers.run(kind, callers=layout.callers, batch=layout.batch, seconds=seconds)
        return Sample(pace.per_second, pace.median_ms, pace.median_ms, pace.cpu_ms)

    return run


def sample(load: Load, server_cpu_seconds: float) -> Sample:
    """A load in the numbers that are compared."""
    answered = max(1, len(load.statuses))
    return Sample(
        per_second=load.per_second,
        p50_ms=load.quantile_ms(0.5),
        p99_ms=load.quantile_ms(0.99),
        cpu_ms=server_cpu_seconds * 1000 / answered,
        client_cpu_ms=load.client_cpu_seconds * 1000 / answered,
        statuses=load.counts(),
    )


def compete(runs: Mapping[str, Run], *, rounds: int, seconds: float) -> dict[str, list[Sample]]:
    """Every contender once a round; a first round warms up and is thrown away."""
    names = list(runs)
    for name in names:
        runs[name](min(1.0, seconds))
    found: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            found[name].append(runs[name](seconds))
    return found


def median(samples: list[Sample], what: str) -> float:
    """Of the rounds."""
    return float(np.median([getattr(one, what) for one in samples]))


def share(samples: list[Sample], yardstick: list[Sample]) -> Ratio:
    """Pictures a second against the yardstick's of the same round."""
    pairs = zip(samples, yardstick, strict=True)
    each = [one.per_second / other.per_second for one, other in pairs]
    low, middle, high = np.quantile(each, [0.25, 0.5, 0.75])
    return Ratio(float(middle), float(low), float(high))


def added_ms(samples: list[Sample], yardstick: list[Sample]) -> Ratio:
    """A request's median against the yardstick's of the same round: the difference in ms."""
    pairs = zip(samples, yardstick, strict=True)
    each = [one.p50_ms - other.p50_ms for one, other in pairs]
    low, middle, high = np.quantile(each, [0.25, 0.5, 0.75])
    return Ratio(float(middle), float(low), float(high))
