"""The contest as a picture: each contender's share of the decode + infer ceiling."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import share
from benchmarks.findings import ONE_CALLER, ONE_CLIENT, NetworkRun
from benchmarks.goals import TITLES, ceiling

OURS, THEIRS, BARE = "#0b6e4f", "#8d99ae", "#d9d9d9"


def draw(runs: Sequence[NetworkRun], path: Path) -> None:
    """Bars with the middle half of the rounds, one panel a network."""
    from matplotlib.figure import Figure  # noqa: PLC0415  a second, and only here

    figure = Figure(figsize=(10, 1.2 + 3.4 * len(runs)), layout="constrained")
    for axes, run in zip(figure.subplots(len(runs), 1, squeeze=False)[:, 0], runs, strict=True):
        contest = run.contest
        top = contest.samples[ceiling(contest, "decode + infer")]
        shares = {
            name: share(samples, top)
            for name, samples in contest.samples.items()
            if name not in {ONE_CALLER, ONE_CLIENT}
        }
        names = sorted(shares, key=lambda name: shares[name].median)
        middle = [shares[name].median for name in names]
        low = [shares[name].median - shares[name].low for name in names]
        high = [shares[name].high - shares[name].median for name in names]
        colours = [_colour(name, contest.kinds) for name in names]
        axes.barh(names, middle, xerr=[low, high], color=colours, ecolor="#444444")
        axes.axvline(1, color="#444444", linewidth=0.8)
        axes.set_title(TITLES.get(run.model, run.model), loc="left")
        axes.set_xlabel("pictures a second, share of the decode + infer ceiling of the same round")
        axes.spines[["top", "right"]].set_visible(False)
        for y, value in enumerate(middle):
            axes.text(0.01, y, f"{value:.2f}", va="center", color="black")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _colour(name: str, ceilings: object) -> str:
    """Ours, a peer's or a ceiling's."""
    if name.startswith("Cutaway"):
        return OURS
    return BARE if isinstance(ceilings, dict) and name in ceilings else THEIRS
