"""The serving benchmark's findings as Markdown."""

from collections.abc import Iterator, Sequence

from benchmarks.contest import Sample, median, share
from benchmarks.findings import (
    JPEG,
    ONE_CALLER,
    ONE_CLIENT,
    Effort,
    NetworkRun,
)
from benchmarks.goals import TITLES, best_peer, ceiling, check_goals, words
from benchmarks.overload import DEADLINE_MS
from benchmarks.report import provenance

PACKAGES = (
    "onnxruntime", "numpy", "pillow", "bentoml", "litserve", "fastapi", "uvicorn",
)  # fmt: skip


def write_report(runs: Sequence[NetworkRun], effort: Effort, picture: str, plot: str) -> str:
    """Everything as one document.

    Args:
        runs: the networks.
        effort: how long they were measured.
        picture: the picture that was sent, in words.
        plot: the plot's file name, beside the document.
    """
    parts = [
        "# Serving: the ceilings, us and the peers in one run",
        provenance(PACKAGES),
        _explanation(effort, picture),
        f"![Pictures a second as shares of the decode + infer ceiling]({plot})",
        "## Goals",
        _table(
            ["", "wanted", "reached", ""],
            [[goal.what, goal.wanted, goal.value, goal.verdict] for goal in check_goals(runs)],
        ),
    ]
    for run in runs:
        parts += _chapter(run)
    return "\n\n".join(parts) + "\n"


def _explanation(effort: Effort, picture: str) -> str:
    """How to read the tables."""
    return (
        f"{picture}; 16 clients of `hey` on the same cores. Medians of {effort.rounds} rounds of "
        f"at least {effort.seconds:g} s in which all took turns; in brackets their middle half. "
        "Ratios are of the same round; pictures a second hold for this machine and hour alone. "
        "The peers decode with Pillow and run ONNX Runtime's stock CPU provider on the same "
        "network file; of each, the form that was the fastest here. CPU is of the whole tree of "
        "server processes; beside it that of the load generator. Memory is PSS. `make bench` "
        "writes this."
    )


def _chapter(run: NetworkRun) -> Iterator[str]:
    """One network."""
    weights = "trained weights" if run.trained else "random weights"
    yield f"## {TITLES.get(run.model, run.model)} ({weights}), served on {run.contest.device}"
    yield _contest_table(run)
    others = [name for name, same in run.contest.same_class.items() if not same]
    if others:
        yield f"Another class than ours, on random weights: {', '.join(others)}."
    if run.contest.on_our_provider is None:
        yield (
            "Our provider here is the stock one, its threads chosen by measurement; so are the "
            "peers', and the best peer on our provider is the best peer."
        )
    yield _one_client(run)
    yield _overload(run)
    yield _ceilings(run)
    yield _forms(run)


def _contest_table(run: NetworkRun) -> str:
    """Everybody, the fastest first."""
    contest = run.contest
    samples = {
        name: x for name, x in contest.samples.items() if name not in {ONE_CLIENT, ONE_CALLER}
    }
    top = contest.samples[ceiling(contest, "decode + infer")]
    peer = contest.samples[best_peer(contest)]
    names = sorted(samples, key=lambda name: -median(samples[name], "per_second"))
    head = ["", "images/s", "× decode + infer ceiling", "× best peer", "p50, p99 ms",
            "CPU ms (client's)", "memory MB (largest)", "ready after s"]  # fmt: skip
    rows = [
        [
            _title(name, run),
            f"{median(samples[name], 'per_second'):.1f}",
            words(share(samples[name], top)),
            words(share(samples[name], peer)),
            f"{median(samples[name], 'p50_ms'):.0f}, {median(samples[name], 'p99_ms'):.0f}",
            f"{median(samples[name], 'cpu_ms'):.1f} ({median(samples[name], 'client_cpu_ms'):.1f})",
            *_held(name, run),
        ]
        for name in names
    ]
    return _table(head, rows) + "\n\n" + _statuses(samples)


def _title(name: str, run: NetworkRun) -> str:
    """A contender with what it is."""
    layout = run.contest.layouts.get(name)
    return f"{name}: {layout}" if layout else f"**{name}**" if name == JPEG else name


def _held(name: str, run: NetworkRun) -> list[str]:
    """A server's memory and start-up beside the others; nothing of bare processes."""
    server = next((s for s in sorted(run.contest.memories, key=len, reverse=True)
                   if name.startswith(s)), None)  # fmt: skip
    if server is None:
        return ["", ""]
    held = run.contest.memories[server]
    start = run.contest.starts[server]
    return [f"{held.tree / 1e6:.0f} ({held.largest / 1e6:.0f})", f"{start:.1f}"]


def _statuses(samples: dict[str, list[Sample]]) -> str:
    """Answers other than 200, if any."""
    other: dict[str, int] = {}
    for name, rounds in samples.items():
        count = sum(n for one in rounds for status, n in one.statuses.items() if status != 200)  # noqa: PLR2004
        if count:
            other[name] = count
    if not other:
        return "Every answer of every server was 200."
    return "Answers other than 200: " + ", ".join(f"{k}: {v}" for k, v in other.items()) + "."


def _one_client(run: NetworkRun) -> str:
    """The latency of one request after another."""
    samples = run.contest.samples
    ours, bare = samples[ONE_CLIENT], samples[ONE_CALLER]
    return (
        f"One client alone: p50 {median(ours, 'p50_ms'):.1f} ms, p99 {median(ours, 'p99_ms'):.1f} "
        f"ms; decode + infer in a bare process ({run.contest.layouts[ONE_CALLER]}): p50 "
        f"{median(bare, 'p50_ms'):.1f} ms."
    )


def _overload(run: NetworkRun) -> str:
    """Twice the saturating load, in words."""
    over = run.overload
    counts = ", ".join(f"{status}: {count}" for status, count in over.statuses.items())
    says = {True: "every refusal says Retry-After", False: "not every refusal says Retry-After",
            None: "no refusal was seen"}[over.retry_after]  # fmt: skip
    return (
        f"Overload: {over.offered / over.peak:.2f} × the peak was offered (wanted: "
        f"{over.wanted / over.peak:.2f}), with `timeout_ms={DEADLINE_MS}`. Answered 200 within the "
        f"deadline: {over.goodput / over.peak:.2f} of the peak; p50 {over.p50_ms:.0f} ms, p99 "
        f"{over.p99_ms:.0f} ms. Statuses: {counts}; {says}."
    )


def _ceilings(run: NetworkRun) -> str:
    """The best and the worst of the sweep, to show what it covered."""
    rows: list[list[str]] = []
    for kind in ("infer", "decode + infer"):
        ones = [one for one in run.swept if one.kind == kind]
        top = ones[0].pace.per_second
        rows += [
            [kind, str(one.layout), f"{one.pace.per_second / top:.2f}"]
            for one in (*ones[:5], ones[-1])
        ]
    head = ["", "layout", "share of the best"]
    return f"The sweep of {len(run.swept)} layouts, the best five and the last:\n\n" + _table(
        head, rows
    )


def _forms(run: NetworkRun) -> str:
    """The peers' forms."""
    rows = [
        [form.server.name, f"{form.per_second / max(found[0].per_second, 1e-9):.2f}"]
        for found in run.forms.values()
        for form in found
    ]
    return "The peers' forms, as shares of each peer's best:\n\n" + _table(["", ""], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
