"""One network: the ceilings swept, then rounds of the best of them and of whole scoring jobs."""

from contextlib import ExitStack
from math import ceil
from os import cpu_count
from pathlib import Path

from benchmarks.ceilings import best, sweep
from benchmarks.contest import Run, Sample, crew_run
from benchmarks.crew import Crew, Hands, crew
from benchmarks.scoring_album import Album
from benchmarks.scoring_goals import JOB, EmbeddedRun
from benchmarks.scoring_jobs import jobs
from bundle.repository import Bundle

TOGETHER = (cpu_count() or 1) * 8
"""A job is a multiple of it: threads times the batch, so that none ends a batch earlier."""


def measure_network(
    bundle: Bundle,
    album: Album,
    jpeg: bytes,
    work: Path,
    *,
    rounds: int,
    seconds: float,
    sweep_seconds: float,
    ceilings: int,
    trained: bool,
) -> EmbeddedRun:
    """The embedded engine beside the ceilings; the machine should have nothing else to do.

    Args:
        bundle: the network.
        album: gives the pictures.
        jpeg: each of them.
        work: takes the outputs.
        rounds, seconds: of the contest; seconds of one run.
        sweep_seconds: of one layout.
        ceilings: layouts that take part in the rounds.
        trained: whether the weights are.
    """
    print(f"{bundle.manifest.name}: sweeping the ceilings", flush=True)
    swept = [one for one in sweep(bundle, jpeg, sweep_seconds) if one.kind == "decode + infer"]
    pictures = ceil(swept[0].pace.per_second * seconds / TOGETHER) * TOGETHER
    folder, first = album.folder(pictures), album.folder(TOGETHER)
    with ExitStack() as stack:
        runs, layouts = dict[str, Run](), dict[str, str]()
        crews = dict[Hands, Crew]()
        for number, layout in enumerate(best(swept, "decode + infer", ceilings), start=1):
            if layout.hands not in crews:
                crews[layout.hands] = stack.enter_context(crew(bundle, layout.hands, jpeg))
            name = f"ceiling {number}"
            layouts[name] = str(layout)
            runs[name] = crew_run(crews[layout.hands], layout, "decode + infer")
        ours = stack.enter_context(jobs(bundle, work))
        ours.run(first)  # warms up
        runs[JOB] = lambda _: ours.run(folder)
        print(f"{bundle.manifest.name}: {rounds} rounds of {pictures} pictures", flush=True)
        samples = _in_turn(runs, rounds, seconds)
        device = ours.device
    return EmbeddedRun(bundle.manifest.name, trained, device, swept, layouts, samples, pictures)


def _in_turn(runs: dict[str, Run], rounds: int, seconds: float) -> dict[str, list[Sample]]:
    """Every contender once a round; the order turns, and what is first warms up nobody."""
    names = list(runs)
    found: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            found[name].append(runs[name](seconds))
    return found
