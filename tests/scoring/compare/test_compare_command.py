"""`python -m scoring compare` over real jobs, and its page."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scoring.known_jobs import Known, draw_known, write_job
from tests.scoring.page_checks import read_page

Scoring = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def scored(
    run_scoring: Scoring, pictures: Path, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The colour pictures, scored by two models that have their classes in common."""
    folder = tmp_path_factory.mktemp("scored")
    for name in ("colours", "slow"):
        job = ("run", "--models", models, "--model", name, "--labels-from-folders")
        done = run_scoring(*job, pictures, folder / name)
        assert done.returncode == 0, done.stderr
    return folder / "colours", folder / "slow"


def test_two_models_are_compared(
    run_scoring: Scoring, scored: tuple[Path, Path], tmp_path: Path
) -> None:
    done = run_scoring("compare", *scored, "--html", tmp_path / "compare.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert "24 pictures in both" in done.stdout
    assert "first class the same for" in done.stdout
    page = read_page(tmp_path / "compare.html")
    assert "colours version 1 (fp32) → slow version 1 (fp32)" in page.words


def test_the_page_shows_the_pictures_that_changed(
    run_scoring: Scoring, pictures: Path, tmp_path: Path
) -> None:
    a = [
        Known("red/000000.png", (0.9, 0.1, 0.0), "red"),
        Known("green/000001.png", (0.1, 0.9, 0.0)),
    ]
    b = [Known("red/000000.png", (0.2, 0.8, 0.0), "red"), Known("green/000001.png", error="gone")]
    outputs = [
        write_job(tmp_path / name, known, location=str(pictures))
        for name, known in (("a", a), ("b", b))
    ]
    done = run_scoring("compare", *outputs, "--html", tmp_path / "compare.html")
    assert done.returncode == 0, done.stderr
    assert "1 wrong in B alone" in done.stdout
    page = read_page(tmp_path / "compare.html")
    assert [image["alt"] for image in page.all("img")] == ["red/000000.png"]
    assert "A: red 0.900, green 0.100B: green 0.800, red 0.200" in page.words.replace("\n", "")
    assert "it is: red" in page.words
    assert "gone" in page.words


def test_pictures_that_the_first_input_lost_come_from_the_second(
    run_scoring: Scoring, pictures: Path, tmp_path: Path
) -> None:
    a = write_job(tmp_path / "a", [Known("red/000000.png", (0.9, 0.1, 0.0))])
    b = [Known("green/000001.png", (0.1, 0.9, 0.0)), Known("red/000000.png", (0.2, 0.8, 0.0))]
    outputs = [a, write_job(tmp_path / "b", b, location=str(pictures))]
    run_scoring("compare", *outputs, "--html", tmp_path / "compare.html")
    assert len(read_page(tmp_path / "compare.html").all("img")) == 1


def test_unfinished_jobs_are_compared_as_far_as_they_are(
    run_scoring: Scoring, tmp_path: Path
) -> None:
    a = write_job(tmp_path / "a", draw_known(500))
    b = write_job(tmp_path / "b", draw_known(500), unfinished=2)
    done = run_scoring("compare", a, b, "--html", tmp_path / "compare.html")
    assert done.returncode == 0
    assert "not finished (3 of 5 shards)" in done.stdout
    assert "200 in A alone, 0 in B alone" in done.stdout
    assert "is not finished" in read_page(tmp_path / "compare.html").words


def test_what_is_no_job_is_refused_in_one_sentence(run_scoring: Scoring, tmp_path: Path) -> None:
    a = write_job(tmp_path / "a", draw_known(50))
    done = run_scoring("compare", a, tmp_path / "nothing")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "nothing holds no scoring job" in done.stderr
