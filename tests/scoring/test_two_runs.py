"""Two runs on one output: one works, the other is told; a dead one hinders nobody."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.scoring.buckets import Bucket
from tests.scoring.command import clean_environment
from tests.scoring.conftest import Scoring
from tests.servers import ROOT

HOLDING = """
import sys, time
from scoring.outputs.places import open_output
with open_output(sys.argv[1]).hold():
    print("held", flush=True)
    time.sleep(600)
"""
Run = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(params=["folder", "bucket"])
def output(request: pytest.FixtureRequest, tmp_path: Path, s3: Bucket) -> str:
    """Where the results go."""
    return str(tmp_path / "output") if request.param == "folder" else f"{s3.url}/output"


@pytest.fixture
def other(output: str) -> Iterator[subprocess.Popen[str]]:
    """A run that holds it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, output],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def run(run_scoring: Scoring, models: Path, pictures: Path) -> Run:
    """A job into an output."""
    return lambda output: run_scoring(
        "run", "--model", "colours", "--models", models, pictures, output
    )


def test_the_second_run_is_told_and_the_third_goes_on_once_the_first_is_dead(
    output: str, other: subprocess.Popen[str], run: Run
) -> None:
    told = run(output)
    assert told.returncode == 1
    words = told.stderr.splitlines()[-1]
    assert words.startswith(f"error: another run (process {other.pid} on ")
    assert words.endswith(f"is at work on {output}; wait until it has ended, or stop it")
    other.kill()
    other.wait()
    done = run(output)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("24 pictures, no errors")
