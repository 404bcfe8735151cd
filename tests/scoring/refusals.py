"""What a refused run looks like: one sentence on stderr, an exit code, and nothing half-written."""

import os
import subprocess
from pathlib import Path

import pyarrow.parquet as pq

from tests.scoring.results import digests, everything, parts

COLOURS = ("--model", "colours", "--device", "cpu")
UNPRIVILEGED = (
    ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
)
"""Before a command: root without the right to read and write what nobody may."""


def check_refused(done: subprocess.CompletedProcess[str], *words: str) -> str:
    """Assert one sentence with these words, and an exit code that is not 0; the sentence."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    sentences = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(sentences) == 1, done.stderr
    assert done.stderr.rstrip().endswith(sentences[0]), "something was said after it"
    assert "Nobody expected this" not in sentences[0]
    for word in words:
        assert word in sentences[0]
    return sentences[0]


def check_nothing(output: Path) -> None:
    """Assert that a run that could not begin wrote nothing."""
    assert everything(output) == {}


def check_whole_parts(output: Path) -> None:
    """Assert that there is nothing but whole parts and the job's own files."""
    for part in parts(output):
        assert pq.read_table(part).num_rows > 0
    names = set(everything(output)) - set(digests(output))
    assert names <= {"_plan.arrow", "_job.json"}, names
