"""Results in a folder."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scoring.errors import OutputError
from scoring.outputs.local import LocalOutput
from tests.scoring.command import clean_environment
from tests.servers import ROOT

COMMITTING = """
import sys
from pathlib import Path
from scoring.outputs.local import LocalOutput
output = LocalOutput(Path(sys.argv[1]))
for number in range(1_000_000):
    print(number, flush=True)
    output.commit(f"part-{number:06d}.parquet", bytes([number % 256]) * 1_000_000)
"""

LIMITED = """
import resource, sys
from pathlib import Path
from scoring.errors import OutputError
from scoring.outputs.local import LocalOutput
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
output = LocalOutput(Path(sys.argv[1]))
try:
    output.commit("part-000000.parquet", bytes(200_000))
except OutputError as error:
    print(error)
"""


def files(output: LocalOutput) -> list[str]:
    """Everything in the folder, whoever it is of."""
    return sorted(path.name for path in output.folder.iterdir())


@contextmanager
def running(script: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that works on a folder."""
    with subprocess.Popen(
        [sys.executable, "-c", script, folder],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_writer_killed_at_any_moment_leaves_whole_files(folder: LocalOutput) -> None:
    for moment in range(5):
        with running(COMMITTING, folder.folder) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.007 * moment)
            process.send_signal(signal.SIGKILL)
    for name in folder.names():
        data = folder.read(name)
        assert data is not None
        assert len(data) == 1_000_000
        assert len(set(data)) == 1


def test_what_a_killed_writer_left_is_no_name_and_goes_with_the_next_hold(
    folder: LocalOutput,
) -> None:
    left = folder.folder / ".part-000003.parquet.0123456789abcdef.tmp"
    left.write_bytes(b"half of it")
    kept = folder.folder / ".hidden"
    kept.write_bytes(b"somebody else's")
    assert folder.names() == {".hidden"}
    with folder.hold():
        assert not left.exists()
    assert kept.exists()


def test_nothing_is_left_of_a_commit_but_the_file(folder: LocalOutput) -> None:
    folder.commit("part-000000.parquet", b"rows")
    folder.commit("part-000000.parquet", b"rows")
    folder.replace("_job.json", b"{}")
    with folder.hold():
        pass
    assert files(folder) == ["_job.json", "part-000000.parquet"]


def test_folders_made_for_a_job_that_never_began_are_gone_again(tmp_path: Path) -> None:
    output = LocalOutput(tmp_path / "one" / "two" / "three")
    with output.hold():
        assert output.folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_folders_that_were_there_stay(folder: LocalOutput) -> None:
    with folder.hold():
        pass
    assert folder.folder.is_dir()


def test_files_are_readable_for_others(folder: LocalOutput) -> None:
    """As `umask` has it, unlike those of Python's `tempfile`."""
    before = os.umask(0o022)
    try:
        folder.commit("part-000000.parquet", b"rows")
    finally:
        os.umask(before)
    assert (folder.folder / "part-000000.parquet").stat().st_mode & 0o777 == 0o644


def test_a_file_is_no_place_for_results(tmp_path: Path) -> None:
    place = tmp_path / "results"
    place.write_text("a file")
    output = LocalOutput(place)
    for attempt in (output.hold().__enter__, output.names, lambda: output.read("_job.json")):
        with pytest.raises(OutputError, match="results is not a folder, and none can be made"):
            attempt()
    assert place.read_text() == "a file"


def test_a_folder_that_cannot_be_made_is_said() -> None:
    output = LocalOutput(Path("/sys/cutaway"))  # not even root makes folders there
    with pytest.raises(OutputError, match=r"cannot write into /sys/cutaway: \w+"), output.hold():
        pytest.fail("it was made")


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    output = LocalOutput(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match=r"there is no folder .*elsewhere on .*; every machine"):
        output.commit("part-000000.parquet", b"rows")


def test_a_file_larger_than_allowed_is_a_full_disk(folder: LocalOutput) -> None:
    with running(LIMITED, folder.folder) as process:
        words, _ = process.communicate(timeout=60)
    assert words.startswith(f"the disk under {folder.folder} is full; free some space")
    assert files(folder) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", place],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_said_and_leaves_nothing_half_written(small_disk: Path) -> None:
    output = LocalOutput(small_disk / "output")
    with output.hold():
        assert output.commit("part-000000.parquet", bytes(120_000))
        with pytest.raises(
            OutputError, match=r"the disk under .* is full; free some space and run"
        ):
            output.commit("part-000001.parquet", bytes(120_000))
        with pytest.raises(OutputError, match="is full"):
            output.replace("_job.json", bytes(120_000))
        assert files(output) == ["_lock.json", "part-000000.parquet"]
        assert output.commit("part-000001.parquet", bytes(20_000)), "there is room for this"


def test_a_file_system_without_hard_links_takes_results_too(
    folder: LocalOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None can be mounted here, so that the call alone refuses."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert folder.commit("part-000000.parquet", b"the first")
    assert not folder.commit("part-000000.parquet", b"the second")
    assert folder.read("part-000000.parquet") == b"the first"
    assert files(folder) == ["part-000000.parquet"]
