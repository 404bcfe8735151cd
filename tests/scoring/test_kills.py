"""A job that is killed at any moment ends, once it is run again, as one that was left alone."""

import signal
import time
from pathlib import Path

import pytest

from tests.scoring.buckets import Bucket
from tests.scoring.command import start
from tests.scoring.conftest import Scoring
from tests.scoring.killing import (
    PATIENCE_SECONDS,
    Moment,
    count_parts,
    kill_again_and_again,
    kill_at,
    random_moments,
)
from tests.scoring.many import MANY, SHARD, Undisturbed
from tests.scoring.pictures import write_pictures
from tests.scoring.results import check_complete, digests, parts, read_job

PICTURES, SHARD_PICTURES = 2_000, 50
OPTIONS = ("--model", "colours", "--device", "cpu")


@pytest.fixture(scope="module")
def two_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("input") / "pictures", PICTURES)


@pytest.fixture(scope="module")
def left_alone(
    two_thousand: Path, models: Path, run_scoring: Scoring, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The output of a run that nobody disturbed."""
    output = tmp_path_factory.mktemp("output") / "left_alone"
    done = run_scoring(
        "run", *OPTIONS, "--models", models, "--shard", SHARD_PICTURES, two_thousand, output
    )
    assert done.returncode == 0, done.stderr
    check_complete(output, PICTURES)
    return output


def test_five_kills_change_no_byte_of_two_thousand_pictures(
    two_thousand: Path, left_alone: Path, models: Path, tmp_path: Path
) -> None:
    output, log = tmp_path / "output", tmp_path / "log"
    arguments = ["run", *OPTIONS, "--models", models, "--shard", SHARD_PICTURES]
    kill_again_and_again(
        lambda: start(*arguments, two_thousand, output, log=log),
        random_moments(5, PICTURES // SHARD_PICTURES, start_seconds=1, linger_seconds=0, seed=5),
        lambda: count_parts(output),
    )
    check_complete(output, PICTURES)
    assert digests(output) == digests(left_alone)
    assert (output / "_plan.arrow").read_bytes() == (left_alone / "_plan.arrow").read_bytes()
    assert "Traceback" not in log.read_text()
    assert read_job(output)["settings"] == read_job(left_alone)["settings"]


def test_a_kill_right_after_the_last_part_is_made_good(
    two_thousand: Path, models: Path, tmp_path: Path, output: Path, run_scoring: Scoring
) -> None:
    arguments = ["run", *OPTIONS, "--models", models, "--shard", 500, two_thousand, output]
    kill_at(Moment(4, 0), start(*arguments, log=tmp_path / "log"), lambda: count_parts(output))
    before = digests(output)
    done = run_scoring(*arguments)
    assert done.returncode == 0, done.stderr
    check_complete(output, PICTURES)
    assert digests(output) == before
    assert len(before) == 4


def test_what_a_killed_run_had_finished_is_not_scored_again(
    two_thousand: Path, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    output = tmp_path / "output"
    arguments = ["run", *OPTIONS, "--models", models, "--shard", 100, two_thousand, output]
    kill_at(Moment(3, 0), start(*arguments, log=tmp_path / "log"), lambda: count_parts(output))
    before = {part.name: part.stat().st_mtime_ns for part in parts(output)}
    assert 3 <= len(before) < 20
    assert run_scoring(*arguments).returncode == 0
    after = {part.name: part.stat().st_mtime_ns for part in parts(output)}
    assert after.items() >= before.items()
    check_complete(output, PICTURES)


@pytest.mark.parametrize("left", [{"_job.json"}, set[str]()], ids=["before the plan", "before all"])
def test_a_kill_while_it_was_planned_is_made_good(
    left: set[str], pictures: Path, models: Path, output: Path, run_scoring: Scoring
) -> None:
    """Of what a run leaves that is killed there, nothing but these names."""
    arguments = ["run", *OPTIONS, "--models", models, pictures, output]
    assert run_scoring(*arguments).returncode == 0
    before = digests(output)
    for file in output.iterdir():
        if file.name not in left:
            file.unlink()
    done = run_scoring(*arguments)
    assert done.returncode == 0, done.stderr
    check_complete(output, 24)
    assert digests(output) == before


def test_the_number_of_threads_changes_no_byte(
    two_thousand: Path, left_alone: Path, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    output = tmp_path / "output"
    arguments = ["run", *OPTIONS, "--models", models, "--shard", SHARD_PICTURES, "--threads", 3]
    assert run_scoring(*arguments, two_thousand, output).returncode == 0
    assert digests(output) == digests(left_alone)


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_fifty_kills_change_no_byte_of_a_hundred_thousand_pictures(
    many_pictures: Path, undisturbed: Undisturbed, models: Path, tmp_path: Path
) -> None:
    output, log = tmp_path / "output", tmp_path / "log"
    arguments = ["run", *OPTIONS, "--models", models, "--shard", SHARD]
    begin = time.monotonic()
    there = kill_again_and_again(
        lambda: start(*arguments, many_pictures, output, log=log),
        random_moments(50, MANY // SHARD, start_seconds=4, linger_seconds=0.2, seed=50),
        lambda: count_parts(output),
    )
    print(f"\n50 kills in {time.monotonic() - begin:.0f} s; parts at each: {there}")
    check_complete(output, MANY)
    assert digests(output) == digests(undisturbed.output)
    assert "Traceback" not in log.read_text()
    assert read_job(output)["counts"] == read_job(undisturbed.output)["counts"]


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_kills_change_no_byte_in_an_object_store(
    s3: Bucket, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    """Each run after a kill waits until the dead one's hold is stale."""
    pictures = write_pictures(tmp_path / "pictures", 600)
    s3.put_folder(pictures, "pictures")
    log, options = tmp_path / "log", ("run", *OPTIONS, "--models", models, "--shard", 20)

    def count() -> int:
        return sum("/part-" in key for key in s3.keys("output/"))

    there = kill_again_and_again(
        lambda: start(*options, f"{s3.url}/pictures", f"{s3.url}/output", log=log),
        [Moment(0, 1.5), Moment(2, 0.05), Moment(9, 0.1), Moment(17, 0)],
        count,
    )
    assert run_scoring(*options, pictures, tmp_path / "local").returncode == 0
    check_complete(tmp_path / "local", 600)
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    for key in s3.keys("output/"):
        (fetched / key.removeprefix("output/")).write_bytes(s3.get(key))
    print(f"\nparts at each kill: {there}")
    assert digests(fetched) == digests(tmp_path / "local"), "it depends on where the pictures lie"
    assert "Traceback" not in log.read_text()


def test_an_interrupted_job_is_finished_by_the_next_run(
    two_thousand: Path, left_alone: Path, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    output, log = tmp_path / "output", tmp_path / "log"
    arguments = ["run", *OPTIONS, "--models", models, "--shard", SHARD_PICTURES]
    process = start(*arguments, two_thousand, output, log=log)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while count_parts(output) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert count_parts(output) < 40
    assert not (output / "_SUCCESS").exists()
    assert "Traceback" not in log.read_text()
    assert run_scoring(*arguments, two_thousand, output).returncode == 0
    assert digests(output) == digests(left_alone)
