"""The goals of the scoring benchmark, what was found, and both as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.ceilings import Swept
from benchmarks.contest import Sample, median, share
from benchmarks.goals import TITLES, Goal, words
from benchmarks.report import provenance
from benchmarks.rounds import Ratio

JOB = "scoring job"
EMBEDDED, ON_RAY = 0.95, 0.85
PACKAGES = ("onnxruntime", "numpy", "pillow", "pyarrow", "ray")


@dataclass(frozen=True, slots=True)
class EmbeddedRun:
    """The embedded engine beside the ceilings.

    Args:
        model, trained: the bundle's name, and whether its weights are.
        device: what the job ran on.
        swept: of the ceilings, the best first.
        layouts: name of a ceiling in the rounds → layout in words.
        samples: JOB and the ceilings → one a round.
        pictures: of one job.
    """

    model: str
    trained: bool
    device: str
    swept: Sequence[Swept]
    layouts: Mapping[str, str]
    samples: Mapping[str, list[Sample]]
    pictures: int

    @property
    def ceiling(self) -> str:
        """The ceiling that was the fastest in the rounds."""
        return max(self.layouts, key=lambda name: median(self.samples[name], "per_second"))


@dataclass(frozen=True, slots=True)
class Command:
    """One run of `python -m scoring run`.

    Args:
        engine: `local` or `ray`.
        seconds: from the start of the process to its end.
        working_seconds: from the first part to the last.
        pictures, working_pictures: all, and those of the parts after the first.
    """

    engine: str
    seconds: float
    working_seconds: float
    pictures: int
    working_pictures: int

    @property
    def per_second(self) -> float:
        """Of the whole command, its start included."""
        return self.pictures / self.seconds

    @property
    def working_per_second(self) -> float:
        """While it scored; of a job of one part the whole command's."""
        if not self.working_seconds:
            return self.per_second
        return self.working_pictures / self.working_seconds


@dataclass(frozen=True, slots=True)
class RayRun:
    """Commands of both engines in turn; `local[i]` and `ray[i]` ran one after the other."""

    model: str
    local: Sequence[Command]
    ray: Sequence[Command]

    def share(self, what: str) -> Ratio:
        """Ray's pace over that of the embedded engine, a round."""
        pairs = zip(self.ray, self.local, strict=True)
        each = sorted(getattr(one, what) / getattr(other, what) for one, other in pairs)
        return Ratio(each[len(each) // 2], each[0], each[-1])


def check_goals(runs: Sequence[EmbeddedRun], ray: RayRun | None) -> list[Goal]:
    """Every goal."""
    found = [_embedded_goal(run) for run in runs]
    if ray is not None:
        ratio = ray.share("per_second")
        what = f"{TITLES.get(ray.model, ray.model)}: Ray with 2 workers × the embedded engine"
        found.append(Goal(what, f"≥ {ON_RAY}", words(ratio), ratio.median >= ON_RAY))
    return found


def _embedded_goal(run: EmbeddedRun) -> Goal:
    """The share of the ceiling."""
    ratio = share(run.samples[JOB], run.samples[run.ceiling])
    what = f"{TITLES.get(run.model, run.model)}: share of the decode + infer ceiling"
    return Goal(what, f"≥ {EMBEDDED}", words(ratio), ratio.median >= EMBEDDED)


def write_report(
    runs: Sequence[EmbeddedRun], ray: RayRun | None, *, rounds: int, picture: str
) -> str:
    """Everything as one document."""
    goals = [[one.what, one.wanted, one.value, one.verdict] for one in check_goals(runs, ray)]
    parts = [
        "# Scoring jobs: the ceiling and us in one run",
        provenance(PACKAGES),
        f"{picture}, under as many names as a job has pictures. Medians of {rounds} rounds in "
        "which all took turns; in brackets their middle half (of Ray: the lowest and the highest). "
        "A round of ours is a whole job with the model open: the input listed and planned, "
        "pictures read, decoded and scored, parts encoded and committed with fsync. "
        "`make bench-scoring` writes this.",
        "## Goals",
        _table(["", "wanted", "reached", ""], goals),
    ]
    for run in runs:
        parts += _embedded_chapter(run)
    if ray is not None:
        parts += _ray_chapter(ray)
    return "\n\n".join(parts) + "\n"


def _embedded_chapter(run: EmbeddedRun) -> list[str]:
    """One network, the fastest first."""
    weights = "trained weights" if run.trained else "random weights"
    names = sorted(run.samples, key=lambda name: -median(run.samples[name], "per_second"))
    rows = [
        [
            f"{name}: {run.layouts[name]}" if name in run.layouts else f"**{name}**",
            f"{median(run.samples[name], 'per_second'):.1f}",
            words(share(run.samples[name], run.samples[run.ceiling])),
            f"{median(run.samples[name], 'cpu_ms'):.1f}",
        ]
        for name in names
    ]
    head = ["", "pictures/s", "× decode + infer ceiling", "CPU ms a picture"]
    return [
        f"## {TITLES.get(run.model, run.model)} ({weights}), scored on {run.device}",
        f"{run.pictures:,} pictures a job; the ceiling is the best of {len(run.swept)} layouts.",
        _table(head, rows),
    ]


def _ray_chapter(run: RayRun) -> list[str]:
    """Both engines, command by command."""
    rows = [
        [
            one.engine,
            f"{one.seconds:.0f}",
            f"{one.per_second:.1f}",
            f"{one.working_per_second:.1f}",
        ]
        for pair in zip(run.local, run.ray, strict=True)
        for one in pair
    ]
    head = ["engine", "seconds of the command", "pictures/s of it", "pictures/s behind part 1"]
    return [
        f"## Ray: {TITLES.get(run.model, run.model)}, {run.local[0].pictures:,} pictures a command",
        "The whole command, its start included. Behind the first part, when everything is running, "
        f"Ray does {words(run.share('working_per_second'))} of the embedded engine.",
        _table(head, rows),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
