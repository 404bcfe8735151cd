"""The goals of the serving benchmark, and what was reached of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contest import added_ms, median, share
from benchmarks.crew import Kind
from benchmarks.findings import ARRAY, JPEG, ONE_CALLER, ONE_CLIENT, Contest, NetworkRun
from benchmarks.overload import DEADLINE_MS
from benchmarks.rounds import Ratio

SMALL, LARGE = "imagenet", "resnet50v2"
TITLES = {SMALL: "EfficientNet-Lite0", LARGE: "ResNet50V2"}

GOODPUT, AGREEMENT, READY_SECONDS, WORKER_MB = 0.9, 0.99, 8, 450


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the goals' table.

    Args:
        what: was wanted.
        wanted: how much, in words.
        value: what was reached, in words.
        met: whether that is enough; None where nothing could be measured.
    """

    what: str
    wanted: str
    value: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """A word for the reader."""
        return {None: "not measured", True: "met", False: "**missed**"}[self.met]


def ceiling(contest: Contest, kind: Kind) -> str:
    """The name of the layout that was the fastest of its kind in the contest."""
    names = [name for name, of in contest.kinds.items() if of == kind]
    return max(names, key=lambda name: median(contest.samples[name], "per_second"))


def best_peer(contest: Contest) -> str:
    """The name of the peer's form that was the fastest in the contest, on the stock provider."""
    names = contest.peers.values()
    return max(names, key=lambda name: median(contest.samples[name], "per_second"))


def against_peer(contest: Contest) -> Ratio:
    """Our JPEG road against the best peer on the stock provider."""
    return share(contest.samples[JPEG], contest.samples[best_peer(contest)])


def against_equal_peer(contest: Contest) -> Ratio:
    """The same against the best peer on the provider that we run on."""
    other = contest.on_our_provider or best_peer(contest)
    return share(contest.samples[JPEG], contest.samples[other])


def check_goals(runs: Sequence[NetworkRun]) -> list[Goal]:
    """Every goal, in the order of the wish."""
    by_name = {run.model: run for run in runs}
    return [*_throughput(by_name), *_behaviour(by_name), *_cost(by_name)]


def _throughput(runs: Mapping[str, NetworkRun]) -> Iterator[Goal]:
    """Pictures a second, as shares and multiples."""
    if small := runs.get(SMALL):
        contest = small.contest
        top = contest.samples[ceiling(contest, "decode + infer")]
        yield _least("share of the decode + infer ceiling, JPEG", SMALL, 0.90,
                     share(contest.samples[JPEG], top))  # fmt: skip
    for model, wanted in ((SMALL, 2.0), (LARGE, 4.5)):
        if run := runs.get(model):
            what = "× the best peer on the stock provider, JPEG"
            yield _least(what, model, wanted, against_peer(run.contest))
    for model in (SMALL, LARGE):
        if run := runs.get(model):
            what = "× the best peer on our provider, JPEG"
            yield _least(what, model, 1.1, against_equal_peer(run.contest))
    if large := runs.get(LARGE):
        contest = large.contest
        top = contest.samples[ceiling(contest, "infer")]
        yield _least("share of the infer ceiling, `.npy` arrays", LARGE, 0.95,
                     share(contest.samples[ARRAY], top))  # fmt: skip


def _behaviour(runs: Mapping[str, NetworkRun]) -> Iterator[Goal]:
    """One client alone, and more than there is capacity for."""
    for model, run in runs.items():
        samples = run.contest.samples
        added = added_ms(samples[ONE_CLIENT], samples[ONE_CALLER])
        yield _most("one client: added over decode + infer, at the median", model, 3, added, " ms")
    for model, run in runs.items():
        over = run.overload
        goodput = over.goodput / over.peak
        title = TITLES.get(model, model)
        what = f"{title}: goodput at {over.offered / over.peak:.1f} × the saturating load"
        wanted = f"≥ {GOODPUT:.2f} of the peak"
        yield Goal(what, wanted, f"{goodput:.2f}", goodput >= GOODPUT)
        yield Goal(f"{title}: p99 of the accepted there", f"≤ {DEADLINE_MS} ms",
                   f"{over.p99_ms:.0f} ms", over.p99_ms <= DEADLINE_MS)  # fmt: skip


def _cost(runs: Mapping[str, NetworkRun]) -> Iterator[Goal]:
    """Agreement, start-up, memory."""
    small = runs.get(SMALL)
    if small is None:
        return
    for name in small.agreements or {"int8 or bf16": None}:
        agreement = small.agreements.get(name)
        value = "the bundle has no such precision" if agreement is None else f"{agreement:.4f}"
        met = None if agreement is None else agreement >= AGREEMENT
        yield Goal(
            f"top-1 agreement of {name} with fp32, trained weights", f"≥ {AGREEMENT}", value, met
        )
    if small.start_seconds:
        seconds = sorted(small.start_seconds)[len(small.start_seconds) // 2]
        what = f"ready after start, {TITLES[SMALL]}"
        yield Goal(what, f"≤ {READY_SECONDS} s", f"{seconds:.1f} s", seconds <= READY_SECONDS)
    held = small.contest.memories["Cutaway"].largest / 1e6
    what = f"memory of a worker after the load, {TITLES[SMALL]}"
    yield Goal(what, f"≤ {WORKER_MB} MB", f"{held:.0f} MB", held <= WORKER_MB)


def _least(what: str, model: str, wanted: float, ratio: Ratio) -> Goal:
    """A goal that is reached from below."""
    met = ratio.median >= wanted
    return Goal(f"{TITLES.get(model, model)}: {what}", f"≥ {wanted:.2f}", words(ratio), met)


def _most(what: str, model: str, wanted: float, ratio: Ratio, unit: str) -> Goal:
    """A goal that must not be exceeded."""
    met = ratio.median <= wanted
    value = words(ratio) + unit
    return Goal(f"{TITLES.get(model, model)}: {what}", f"≤ {wanted:g}{unit}", value, met)


def words(ratio: Ratio) -> str:
    """A median with the middle half of the rounds."""
    return f"{ratio.median:.2f} ({ratio.low:.2f}–{ratio.high:.2f})"
