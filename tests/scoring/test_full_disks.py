"""A disk that is full, and a quota: one sentence, whole parts, and the job goes on afterwards."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.scoring.conftest import Scoring
from tests.scoring.killing import count_parts
from tests.scoring.pictures import write_pictures
from tests.scoring.refusals import COLOURS, check_refused, check_whole_parts
from tests.scoring.results import check_complete, digests, everything


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with little room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let the tests mount a tmpfs")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_gets_full_loses_nothing_and_the_job_goes_on_when_there_is_room(
    small_disk: Path, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    folder = write_pictures(tmp_path / "input", 400)
    options = ("run", *COLOURS, "--models", models, "--shard", 20, folder)
    full = small_disk / "output"
    check_refused(run_scoring(*options, full), "is full")
    assert 0 < count_parts(full) < 20
    check_whole_parts(full)
    before = digests(full)
    check_refused(run_scoring(*options, full), "is full")
    assert digests(full).items() >= before.items()

    remount = ["mount", "-o", "remount,size=10m", str(small_disk)]
    subprocess.run(remount, check=True)
    assert run_scoring(*options, full).returncode == 0
    check_complete(full, 400)
    assert run_scoring(*options, tmp_path / "roomy").returncode == 0
    assert digests(full) == digests(tmp_path / "roomy")


def test_a_disk_without_any_room_is_one_sentence(
    small_disk: Path, models: Path, pictures: Path, run_scoring: Scoring
) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    assert shutil.disk_usage(small_disk).free == 0
    full = small_disk / "output"
    done = run_scoring("run", *COLOURS, "--models", models, pictures, full)
    check_refused(done, "is full")
    assert not [name for name in everything(full) if not name.startswith("_")]
    assert all((full / name).stat().st_size for name in everything(full)), "half a file"


def test_a_file_that_may_grow_no_further_is_one_sentence(
    models: Path, pictures: Path, output: Path, run_scoring: Scoring
) -> None:
    """What a quota does; any user can be held to it."""
    done = run_scoring(
        "run", *COLOURS, "--models", models, pictures, output, before=("prlimit", "--fsize=300")
    )
    check_refused(done, "is full")
    check_whole_parts(output)
    assert count_parts(output) == 0
    assert run_scoring("run", *COLOURS, "--models", models, pictures, output).returncode == 0
    check_complete(output, 24)
