"""The ceilings: the best of a sweep over processes, callers, threads, batch sizes and providers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import cpu_count

from benchmarks.crew import Hands, Kind, Layout, Pace, crew
from benchmarks.plain_sessions import Provider, providers
from bundle.repository import Bundle

KINDS: tuple[Kind, ...] = ("infer", "decode + infer")
BATCHES = (1, 4, 8)


@dataclass(frozen=True, slots=True)
class Swept:
    """A layout and what it reached in the sweep."""

    kind: Kind
    layout: Layout
    pace: Pace


def hands(names: Sequence[Provider], cores: int, file: str = "predict.onnx") -> Iterator[Hands]:
    """Processes and threads to try on this many cores."""
    for provider in names:
        for processes in sorted({1, cores}):
            for threads in sorted({1, cores}):
                yield Hands(provider, processes, threads, file)


def layouts(group: Hands, cores: int) -> Iterator[Layout]:
    """Callers and batches to try; what would run twice as many threads as cores is left out."""
    for callers in sorted({1, cores, cores + 1}):
        if group.processes * group.threads * callers <= 2 * cores:
            for batch in BATCHES:
                yield Layout(group, callers, batch)


def sweep(bundle: Bundle, jpeg: bytes, seconds: float, file: str = "predict.onnx") -> list[Swept]:
    """Every layout of this machine once, each kind for this long; the best first."""
    cores = cpu_count() or 1
    found: list[Swept] = []
    for group in hands(providers(), cores, file):
        with crew(bundle, group, jpeg) as workers:
            for layout in layouts(group, cores):
                for kind in KINDS:
                    pace = workers.run(
                        kind, callers=layout.callers, batch=layout.batch, seconds=seconds
                    )
                    found.append(Swept(kind, layout, pace))
    return sorted(found, key=lambda swept: -swept.pace.per_second)


def best(swept: Sequence[Swept], kind: Kind, count: int) -> list[Layout]:
    """The layouts of the highest pace."""
    return [one.layout for one in swept if one.kind == kind][:count]


def quickest(swept: Sequence[Swept]) -> Layout:
    """The layout that decodes and runs one picture alone in the shortest time."""
    alone = (
        one
        for one in swept
        if one.kind == "decode + infer"
        and (one.layout.hands.processes, one.layout.callers, one.layout.batch) == (1, 1, 1)
    )
    return min(alone, key=lambda one: one.pace.median_ms).layout
