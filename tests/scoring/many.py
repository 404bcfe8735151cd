"""A hundred thousand pictures, scored once with nobody disturbing, its memory watched."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from tests.scoring.command import start
from tests.scoring.killing import count_parts

MANY, SHARD = 100_000, 500
SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Sample:
    """Seen from outside: pictures whose rows are there, resident megabytes, open files."""

    pictures: int
    resident_mb: float
    files: int


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A job that ran to its end."""

    output: Path
    seconds: float
    samples: list[Sample]

    def growth_mb(self, begin: float) -> float:
        """Resident memory's slope in MB per 100,000 pictures, behind that share of them."""
        kept = [one for one in self.samples if one.pictures >= begin * MANY]
        pictures = [one.pictures for one in kept]
        return float(np.polyfit(pictures, [one.resident_mb for one in kept], 1)[0] * 100_000)


def watch(process: subprocess.Popen[bytes], output: Path, shard: int) -> list[Sample]:
    """Samples until the process ends."""
    found: list[Sample] = []
    looked_at = psutil.Process(process.pid)
    while process.poll() is None:
        time.sleep(SAMPLE_SECONDS)
        try:
            resident = looked_at.memory_info().rss / 1e6
            files = looked_at.num_fds()
        except psutil.Error:
            break  # it ended between two looks
        if resident:  # a process that waits to be reaped has none
            found.append(Sample(count_parts(output) * shard, resident, files))
    return found


def score_undisturbed(pictures: Path, output: Path, models: Path, log: Path) -> Undisturbed:
    """Score them all in one run."""
    arguments = ["run", "--model", "colours", "--device", "cpu", "--models", models]
    begin = time.monotonic()
    process = start(*arguments, "--shard", SHARD, pictures, output, log=log)
    samples = watch(process, output, SHARD)
    assert process.wait() == 0, log.read_text()[-4000:]
    return Undisturbed(output, time.monotonic() - begin, samples)
