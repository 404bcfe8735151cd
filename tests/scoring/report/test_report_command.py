"""`python -m scoring report` over real jobs."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scoring.buckets import Bucket
from tests.scoring.containers import write_parquet, write_tar, write_zip
from tests.scoring.known_jobs import draw_known, write_job
from tests.scoring.page_checks import read_page
from tests.scoring.pictures import make_picture, picture_name

Scoring = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def scored(
    run_scoring: Scoring, pictures: Path, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The colour pictures, scored; their folders say what they are."""
    output = tmp_path_factory.mktemp("scored") / "output"
    job = ("run", "--models", models, "--model", "colours", "--labels-from-folders")
    done = run_scoring(*job, "--shard", 10, pictures, output)
    assert done.returncode == 0, done.stderr
    return output


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """One sentence, and an exit code; the sentence."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_report_says_what_the_job_answered(
    run_scoring: Scoring, scored: Path, tmp_path: Path
) -> None:
    done = run_scoring("report", scored, "--html", tmp_path / "report.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert "24 pictures, 0 errors" in done.stdout
    assert "accuracy 100.0% of 24 pictures" in done.stdout
    page = read_page(tmp_path / "report.html")
    assert len(page.all("img")) == 24, "the pictures are read again"
    assert "blue/000023.png" in page.words


@pytest.mark.parametrize("write", [write_tar, write_zip, write_parquet])
def test_pictures_are_found_again_inside_archives(
    run_scoring: Scoring, models: Path, tmp_path: Path, write: Callable[..., Path]
) -> None:
    archive = write(tmp_path / "input", {picture_name(i): make_picture(i) for i in range(12)})
    job = ("run", "--models", models, "--model", "colours", "--shard", 5)
    done = run_scoring(*job, archive, tmp_path / "output")
    assert done.returncode == 0, done.stderr
    done = run_scoring("report", tmp_path / "output", "--html", tmp_path / "report.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(read_page(tmp_path / "report.html").all("img")) == 12


def test_labels_from_a_file_count(run_scoring: Scoring, scored: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("source,label\nred/000000.png,red\nblue/000002.png,green\n", encoding="utf-8")
    done = run_scoring("report", scored, "--labels", labels)
    assert "accuracy 50.0% of 2 pictures" in done.stdout
    assert "never" not in done.stdout


def test_what_is_no_job_is_refused_in_one_sentence(run_scoring: Scoring, tmp_path: Path) -> None:
    assert "holds no scoring job" in refused(run_scoring("report", tmp_path))
    missing = tmp_path / "missing"
    assert "holds no scoring job" in refused(run_scoring("report", missing))
    assert not missing.exists(), "reading makes nothing"
    (tmp_path / "_job.json").write_text("{}", encoding="utf-8")
    assert "_job.json" in refused(run_scoring("report", tmp_path))


def test_a_job_without_a_part_is_refused_in_one_sentence(
    run_scoring: Scoring, tmp_path: Path
) -> None:
    output = write_job(tmp_path / "out", draw_known(100), unfinished=1)
    assert "has not finished a single shard" in refused(run_scoring("report", output))


def test_a_damaged_part_is_named_in_one_sentence(run_scoring: Scoring, tmp_path: Path) -> None:
    output = write_job(tmp_path / "out", draw_known(300))
    part = output / "part-000001.parquet"
    part.write_bytes(part.read_bytes()[:-200])
    assert "part-000001.parquet" in refused(run_scoring("report", output))


def test_a_full_disk_for_temporary_files_is_one_sentence(
    run_scoring: Scoring, tmp_path: Path
) -> None:
    output = write_job(tmp_path / "out", draw_known(300))
    done = run_scoring("report", output, before=("prlimit", "--fsize=20000"))
    assert "the disk for temporary files" in refused(done)
    assert "TMPDIR" in done.stderr


def test_a_home_that_cannot_be_written_to_is_no_trouble(
    run_scoring: Scoring, scored: Path, tmp_path: Path
) -> None:
    nowhere = "/proc/nowhere"
    page = tmp_path / "report.html"
    done = run_scoring("report", scored, "--html", page, HOME=nowhere, MPLCONFIGDIR=nowhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert page.exists()


def test_a_report_reads_an_object_store(
    run_scoring: Scoring, scored: Path, s3: Bucket, tmp_path: Path
) -> None:
    s3.put_folder(scored, "results")
    done = run_scoring("report", f"{s3.url}/results", "--html", tmp_path / "report.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert "accuracy 100.0% of 24 pictures" in done.stdout
    assert len(read_page(tmp_path / "report.html").all("img")) == 24
