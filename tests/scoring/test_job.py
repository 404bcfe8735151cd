"""Beginning, going on with, and finishing a job."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scoring import job as job_module
from scoring.errors import InputError, OutputError, SettingsError
from scoring.job import Job, open_job
from scoring.job_file import Planned, read_job_file
from scoring.outputs.local import LocalOutput
from scoring.settings import JobSettings
from scoring.shards import Shard
from scoring.versions import versions
from tests.scoring.jobs import make_settings, make_shards, make_table

FILES = {"_plan.arrow", "_job.json"}
SETTINGS = make_settings()


@pytest.fixture
def output(tmp_path: Path) -> LocalOutput:
    return LocalOutput(tmp_path / "output")


@pytest.fixture(autouse=True)
def held(output: LocalOutput) -> Iterator[None]:
    with output.hold():
        yield


def begin(output: LocalOutput, settings: JobSettings = SETTINGS) -> Job:
    return open_job(output, settings, plan=lambda: make_shards(6, 10))


def go_on(output: LocalOutput, settings: JobSettings = SETTINGS) -> Job:
    return open_job(output, settings, plan=never)


def never() -> Iterator[Shard]:
    pytest.fail("the input was listed again")


def score(job: Job, shards: int) -> None:
    for _, shard in zip(range(shards), job.pending(), strict=False):
        job.commit(shard, make_table(shard))


def test_a_new_job_is_planned_and_written_down(output: LocalOutput) -> None:
    job = begin(output)
    assert output.names() == FILES
    assert (job.shards, job.pictures, job.done_pictures) == (6, 60, 0)
    assert not job.is_finished
    assert [shard.index for shard in job.pending()] == list(range(6))
    file = read_job_file(output)
    assert file is not None
    assert file.settings == SETTINGS
    assert file.state == "unfinished"
    assert file.input == Planned(shards=6, pictures=60)
    assert file.counts is None


def test_a_run_goes_on_where_the_last_one_ended_and_never_lists_the_input_again(
    output: LocalOutput,
) -> None:
    score(begin(output), 2)
    job = go_on(output)
    assert (job.pictures, job.done_pictures) == (60, 20)
    assert [shard.index for shard in job.pending()] == [2, 3, 4, 5]


def test_shards_may_be_committed_in_any_order(output: LocalOutput) -> None:
    job = begin(output)
    for shard in reversed(list(job.pending())[3:]):
        job.commit(shard, make_table(shard))
    assert [shard.index for shard in go_on(output).pending()] == [0, 1, 2]


def test_a_finished_job_says_what_it_found(output: LocalOutput) -> None:
    score(begin(output), 6)
    job = go_on(output)
    assert not job.is_finished, "nobody has counted yet"
    job.finish()
    file = json.loads((output.folder / "_job.json").read_text(encoding="utf-8"))
    assert file["state"] == "finished"
    assert file["schema_version"] == 1
    assert file["input"] == {"shards": 6, "pictures": 60}
    assert file["counts"] == {"pictures": 60, "scored": 52, "errors": {"unsupported_image": 8}}
    assert file["last_run"]["pictures"] == 0
    assert file["begun_at"] <= file["finished_at"]
    assert file["versions"] == versions()
    assert output.read("_SUCCESS") == b""
    assert go_on(output).is_finished


def test_the_last_run_says_what_it_did(output: LocalOutput) -> None:
    score(begin(output), 4)
    job = go_on(output)
    score(job, 2)
    last = job.finish().last_run
    assert last is not None
    assert last.pictures == 20
    assert last.pictures_per_second == pytest.approx(20 / last.seconds, rel=0.2)


def test_a_job_is_not_finished_while_a_part_is_missing(output: LocalOutput) -> None:
    job = begin(output)
    score(job, 5)
    with pytest.raises(OutputError, match=r"part-000005\.parquet"):
        job.finish()
    assert output.read("_SUCCESS") is None
    assert not go_on(output).is_finished


def test_a_part_that_was_removed_from_a_finished_job_is_scored_again(
    output: LocalOutput,
) -> None:
    job = begin(output)
    score(job, 6)
    job.finish()
    part = output.folder / "part-000003.parquet"
    before = part.read_bytes()
    part.unlink()
    again = go_on(output)
    assert not again.is_finished
    assert [shard.index for shard in again.pending()] == [3]
    score(again, 1)
    again.finish()
    assert part.read_bytes() == before
    assert go_on(output).is_finished


def test_a_run_killed_before_the_plan_was_there_begins_anew(output: LocalOutput) -> None:
    begin(output)
    (output.folder / "_plan.arrow").unlink()
    job = open_job(output, SETTINGS, plan=lambda: make_shards(3, 10))
    assert (job.shards, job.pictures) == (3, 30)
    assert read_job_file(output) == job.file


def test_a_run_killed_before_the_end_was_marked_marks_it(output: LocalOutput) -> None:
    job = begin(output)
    score(job, 6)
    job.finish()
    (output.folder / "_SUCCESS").unlink()
    again = go_on(output)
    assert not again.is_finished
    assert list(again.pending()) == []
    again.finish()
    assert go_on(output).is_finished


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (make_settings("/others"), "input.location '/pictures', and this run has '/others'"),
        (make_settings(version=2), "model.version 1, and this run has 2"),
        (make_settings(precision="int8"), "model.precision 'fp32', and this run has 'int8'"),
        (make_settings(name="b", device="cuda"), "model.name 'colours', and this run has 'b'"),
    ],
)
@pytest.mark.parametrize("state", [lambda _job: None, lambda job: (score(job, 6), job.finish())])
def test_other_settings_are_refused_and_named(
    output: LocalOutput, settings: JobSettings, words: str, state: Callable[[Job], object]
) -> None:
    state(begin(output))
    before = snapshot(output)
    with pytest.raises(SettingsError) as refused:
        go_on(output, settings)
    assert f"{output.folder} was begun with {words}" in str(refused.value)
    assert snapshot(output) == before


def test_other_versions_of_what_computes_are_refused(
    output: LocalOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(output)
    monkeypatch.setattr(job_module, "versions", lambda: versions() | {"onnxruntime": "0.1"})
    here = versions()["onnxruntime"]
    with pytest.raises(SettingsError, match=f"begun with onnxruntime {here}, and here it is 0.1"):
        go_on(output)


def test_an_output_with_anything_else_in_it_is_refused(output: LocalOutput) -> None:
    for name in ("b.txt", "a.txt", "c", "d"):
        (output.folder / name).write_text("somebody else's")
    before = snapshot(output)
    with pytest.raises(OutputError, match=r"is not empty and holds no job \(a.txt, b.txt, c, …\)"):
        begin(output)
    assert snapshot(output) == before


def test_parts_without_their_plan_are_refused(output: LocalOutput) -> None:
    score(begin(output), 1)
    (output.folder / "_plan.arrow").unlink()
    with pytest.raises(OutputError, match=r"holds parts and no _plan\.arrow"):
        begin(output)


@pytest.mark.parametrize("text", ["", "{", '{"schema_version": 2}', "[]"])
def test_a_job_file_that_is_none_is_refused(output: LocalOutput, text: str) -> None:
    (output.folder / "_job.json").write_text(text)
    with pytest.raises(OutputError, match=r"_job\.json in .* is not one that this version"):
        go_on(output)


def test_an_input_that_cannot_be_planned_leaves_nothing(output: LocalOutput) -> None:
    def failing() -> Iterator[Shard]:
        yield from make_shards(3, 3)
        raise InputError("the folder went away")

    with pytest.raises(InputError, match="went away"):
        open_job(output, SETTINGS, plan=failing)
    assert output.names() == set()


def test_no_shard_is_no_job(output: LocalOutput) -> None:
    with pytest.raises(InputError, match="/pictures holds no pictures"):
        open_job(output, SETTINGS, plan=lambda: iter(()))
    assert output.names() == set()


def snapshot(output: LocalOutput) -> dict[str, bytes]:
    """Everything in the folder."""
    return {path.name: path.read_bytes() for path in output.folder.iterdir()}
