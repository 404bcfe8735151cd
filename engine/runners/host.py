"""Runners on a processor: how many callers, with how many threads each, is measured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter

import onnxruntime as ort

from bundle.manifest import Manifest, PrecisionName
from engine.arrays import Pixels, Scores
from engine.cores import core_count
from engine.sessions import return_memory
from engine.warm_up import SECONDS, make_noise, measure_pace

RUNS = 3
"""Of each session at least, when two are compared."""
GAIN = 1.1
"""How much faster a second session must be to be worth its memory."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Callers at a time, and threads of each one's run."""

    callers: int
    threads: int

    def __str__(self) -> str:
        return f"{self.callers} × {self.threads}"


Opener = Callable[[Layout], ort.InferenceSession]


@dataclass(frozen=True, slots=True)
class HostRunner:
    """A network on the processor: one session that all callers share, and where it gains, another
    with all cores for a run that is alone."""

    device: str
    precision: PrecisionName
    manifest: Manifest
    layout: Layout
    shared: ort.InferenceSession
    wide: ort.InferenceSession | None = None

    @property
    def callers(self) -> int:
        """See `Runner`."""
        return self.layout.callers

    @property
    def decodes_apart(self) -> bool:
        """The callers decode, too: no second thread, no hand-over."""
        return False

    @property
    def sizes(self) -> tuple[int, ...]:
        """Any size runs as it is."""
        return ()

    def run(self, pixels: Pixels, *, alone: bool = False) -> Scores:
        """See `Runner`."""
        session = self.wide if alone and self.wide is not None else self.shared
        spec = self.manifest
        return session.run([spec.output.tensor], {spec.input.tensor: pixels})[0]

    def describe(self) -> str:
        """See `Runner`."""
        callers, threads = self.layout.callers, self.layout.threads
        words = f"{callers} caller{'s' * (callers > 1)} × {threads} thread{'s' * (threads > 1)}"
        if self.wide is None:
            return words
        return f"{words}, {Layout(1, callers * threads)} when alone"


def lay_out(
    runner: Callable[[Layout, ort.InferenceSession], HostRunner],
    opener: Opener,
    *,
    threads: int,
    batch: int,
    measure: bool,
) -> HostRunner:
    """Open the sessions of the fastest layout.

    Args:
        runner: makes one of a layout and its session.
        opener: opens a session for a layout.
        threads: of one run; 0: as many as are fastest.
        batch: images in the runs that layouts are compared on.
        measure: whether to time them; without, it is one thread a caller, a caller a core.
    """
    cores = core_count()
    first = Layout(max(1, cores // threads), threads) if threads else Layout(cores, 1)
    best = runner(first, opener(first))
    if threads or not measure:
        return best
    best = _fastest(best, (runner(each, opener(each)) for each in _wider(cores)), batch)
    if cores > best.layout.threads:
        best = _widened(best, opener(Layout(1, cores)))
    return_memory()
    return best


def _wider(cores: int) -> Iterator[Layout]:
    """Two threads a caller, then four, …, as long as there are two callers."""
    threads = 2
    while cores // threads > 1:
        yield Layout(cores // threads, threads)
        threads *= 2


def _fastest(first: HostRunner, others: Iterator[HostRunner], batch: int) -> HostRunner:
    """The layout with the most images a second; the search ends where the next is no better."""
    best, pace = first, 0.0
    for other in others:
        spec = first.manifest.input
        pace = pace or measure_pace(first, spec, batch)
        found = measure_pace(other, spec, batch)
        if found <= pace:
            break
        best, pace = other, found
    return best


def _widened(runner: HostRunner, wide: ort.InferenceSession) -> HostRunner:
    """With the wide session if it answers one picture clearly sooner.

    On two cores a ResNet-50 photo takes 52 ms instead of 87; for two callers at a time the same
    session is a tenth slower than one thread for each.
    """
    both = replace(runner, wide=wide)
    pixels = make_noise(runner.manifest.input, 1)
    times: dict[bool, list[float]] = {False: [], True: []}
    for alone in times:
        both.run(pixels, alone=alone)
    begin = perf_counter()
    while len(times[True]) < RUNS or perf_counter() - begin < SECONDS:
        for alone, seconds in times.items():
            start = perf_counter()
            both.run(pixels, alone=alone)
            seconds.append(perf_counter() - start)
    return both if median(times[False]) > GAIN * median(times[True]) else runner
