"""Results as Markdown, with the machine, the versions and the commit they hold for."""

import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from os import cpu_count
from pathlib import Path

from benchmarks.rounds import Ratio

ROOT = Path(__file__).parents[1]
FEATURES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512_bf16": "AVX-512 BF16",
    "amx_bf16": "AMX BF16",
    "amx_int8": "AMX INT8",
}
PACKAGES = ("onnxruntime", "onnx", "numpy", "bentoml")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table.

    Args:
        what: was measured.
        value: as a multiple of a prediction, or in words.
        cpu: the same in CPU time.
        goal: the most it should be; None where there is none.
        met: whether it is reached.
    """

    what: str
    value: str
    cpu: str = ""
    goal: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """A word for the reader."""
        return {None: "", True: "met", False: "**missed**"}[self.met]


def ratio_line(what: str, ratio: Ratio, goal: float | None = None) -> Line:
    """A ratio with its middle half of the rounds."""
    value = f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
    cpu = f"{ratio.cpu:.2f}" if ratio.cpu else ""
    if goal is None:
        return Line(what, value, cpu)
    return Line(what, value, cpu, f"≤ {goal}", ratio.median <= goal)


def table(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    head = "| | × a prediction (middle half) | CPU time | goal | |\n|---|---|---|---|---|"
    rows = (f"| {x.what} | {x.value} | {x.cpu} | {x.goal} | {x.verdict} |" for x in lines)
    return "\n".join([head, *rows])


def provenance(names: Sequence[str] = PACKAGES) -> str:
    """Machine, versions and commit."""
    packages = ", ".join(f"{name} {_version(name)}" for name in names)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {_commit()}. {_processor()}, {cpu_count()} cores "
        f"({_features()}); Python {platform.python_version()}, {packages}."
    )


def _version(name: str) -> str:
    """A package's version; the peers' packages need not be there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _commit() -> str:
    """The commit, and whether files differ from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    return commit + (
        " with changes" if _git("status", "--porcelain", "--untracked-files=no") else ""
    )


def _git(*arguments: str) -> str:
    """What git prints; "unknown" outside a repository."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _features() -> str:
    """Of the processor's features, those that decide how fast networks run."""
    flags = set(Path("/proc/cpuinfo").read_text().split())
    found = [name for flag, name in FEATURES.items() if flag in flags]
    return ", ".join(found) or "no vector features known"


def _processor() -> str:
    """The processor's name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()
