"""An output that is somebody's already, or cannot be written to: what was there stays as it was."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.scoring.command import start
from tests.scoring.conftest import Scoring
from tests.scoring.containers import write_folder
from tests.scoring.killing import Moment, count_parts, kill_at
from tests.scoring.pictures import make_picture, write_pictures
from tests.scoring.refusals import COLOURS, UNPRIVILEGED, check_nothing, check_refused
from tests.scoring.results import check_complete, everything, parts

Job = tuple[list[str | Path], Path]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--top-k", "2"], ["top_k", "3", "2"]),
        (["--model", "pooled"], ["pooled", "colours"]),
        (["--layers", "pool"], ["layers"]),
        (["--all-scores"], ["all_scores"]),
        (["--batch", "4"], ["batch", "4"]),
        (["--shard", "7"], ["shard", "7"]),
    ],
    ids=lambda value: "-".join(value).strip("-") if isinstance(value, list) else None,
)
def test_an_output_of_other_settings_is_refused(
    options: list[str], words: list[str], begun: Job,
    run_scoring: Scoring,
) -> None:  # fmt: skip
    arguments, output = begun
    before = everything(output)
    check_refused(run_scoring(*arguments[:-2], *options, *arguments[-2:]), *words)
    assert everything(output) == before


@pytest.fixture(scope="module")
def begun(
    models: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory,
    run_scoring: Scoring,
) -> Job:  # fmt: skip
    """A finished job: its arguments and its output."""
    output = tmp_path_factory.mktemp("begun") / "output"
    options = ["--shard", "10", "--top-k", "3", "--models", models]
    arguments: list[str | Path] = ["run", *COLOURS, *options, pictures, output]
    assert run_scoring(*arguments).returncode == 0
    return arguments, output


def test_an_output_of_another_input_is_refused(
    begun: Job, tmp_path: Path, run_scoring: Scoring
) -> None:
    arguments, output = begun
    other = write_pictures(tmp_path / "other", 3)
    before = everything(output)
    check_refused(run_scoring(*arguments[:-2], other, output), "other")
    assert everything(output) == before


def test_a_finished_job_is_left_alone_and_that_is_no_error(
    begun: Job, run_scoring: Scoring
) -> None:
    arguments, output = begun
    before = everything(output)
    done = run_scoring(*arguments)
    assert done.returncode == 0, done.stderr
    assert "finished" in done.stdout + done.stderr
    assert everything(output) == before


def test_a_folder_with_somebody_elses_files_is_refused(
    models: Path, pictures: Path, output: Path, run_scoring: Scoring
) -> None:
    write_folder(output, {"diary.txt": b"mine"})
    done = run_scoring("run", *COLOURS, "--models", models, pictures, output)
    check_refused(done, "output")
    assert everything(output).keys() == {"diary.txt"}


def test_an_output_that_is_a_file_is_refused(
    models: Path, pictures: Path, output: Path, run_scoring: Scoring
) -> None:
    output.write_bytes(b"mine")
    check_refused(run_scoring("run", *COLOURS, "--models", models, pictures, output), "output")
    assert output.read_bytes() == b"mine"


def test_a_place_where_nobody_may_write_is_refused(
    models: Path, pictures: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    place = tmp_path / "locked"
    place.mkdir(mode=0o500)
    done = run_scoring(
        "run", *COLOURS, "--models", models, pictures, place / "output", before=UNPRIVILEGED
    )
    check_refused(done, "locked")
    check_nothing(place)


def test_an_output_on_which_another_run_is_at_work_is_refused(
    models: Path, tmp_path: Path, output: Path, run_scoring: Scoring
) -> None:
    folder = write_pictures(tmp_path / "input", 400)
    arguments = ["run", "--model", "slow", "--device", "cpu", "--models", models]
    arguments += ["--shard", 20, folder, output]
    process = start(*arguments, log=tmp_path / "log")
    try:
        while count_parts(output) < 1 and process.poll() is None:
            pass
        assert process.poll() is None, "it ended too soon"
        check_refused(run_scoring(*arguments), "another run")
        assert process.poll() is None, "it was disturbed"
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_an_input_that_changed_between_a_kill_and_the_next_run_is_told_in_rows(
    models: Path, tmp_path: Path, output: Path, run_scoring: Scoring
) -> None:
    """The plan holds: a new picture is not scored, one that is gone is a row that says so."""
    folder = write_pictures(tmp_path / "input", 400)
    arguments = ["run", "--model", "slow", "--device", "cpu", "--models", models]
    arguments += ["--shard", 10, folder, output]
    kill_at(Moment(1, 0), start(*arguments, log=tmp_path / "log"), lambda: count_parts(output))
    assert count_parts(output) < 40
    last = sorted(folder.rglob("*.png"))[-1]
    last.unlink()
    (folder / "red/new.png").write_bytes(make_picture(0))
    assert run_scoring(*arguments).returncode == 0
    check_complete(output, 400)
    rows = {
        row["source"]: row["error_code"]
        for part in parts(output)
        for row in pq.read_table(part, columns=["source", "error_code"]).to_pylist()
    }
    assert rows[last.relative_to(folder).as_posix()] == "unreadable"
    assert "red/new.png" not in rows
