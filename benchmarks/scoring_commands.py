"""The real command, timed from outside: by its process and by the parts that it leaves."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.report import ROOT
from benchmarks.scoring_goals import Command, RayRun
from bundle.repository import Bundle

SHARD = 200


def compare_engines(bundle: Bundle, folder: Path, work: Path, *, rounds: int) -> RayRun:
    """Both engines in turn over the same input; whoever was first is second in the next round."""
    found: dict[str, list[Command]] = {"local": [], "ray": []}
    for number in range(rounds):
        order = ["local", "ray"] if number % 2 == 0 else ["ray", "local"]
        for engine in order:
            print(f"{bundle.manifest.name}: {engine}, round {number + 1}", flush=True)
            found[engine].append(time_command(bundle, folder, work / "output", engine))
    return RayRun(bundle.manifest.name, found["local"], found["ray"])


def time_command(bundle: Bundle, folder: Path, output: Path, engine: str) -> Command:
    """One job from nothing to its end.

    Raises:
        subprocess.CalledProcessError: it failed; what it said is on stderr.
    """
    shutil.rmtree(output, ignore_errors=True)
    models = bundle.folder.parents[1].resolve()
    command = [sys.executable, "-m", "scoring", "run", "--model", bundle.manifest.name]
    command += ["--models", str(models), "--shard", str(SHARD), "--engine", engine]
    begin = time.perf_counter()
    subprocess.run(
        [*command, str(folder), str(output)], cwd=ROOT, check=True, stdin=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - begin
    parts = sorted(output.glob("*.parquet"), key=lambda part: part.stat().st_mtime_ns)
    counts = [pq.read_metadata(part).num_rows for part in parts]
    times = [part.stat().st_mtime for part in parts]
    return Command(engine, seconds, times[-1] - times[0], sum(counts), sum(counts[1:]))
