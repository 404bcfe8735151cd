"""The report's page."""

from pathlib import Path

import pytest

from scoring.errors import OutputError
from scoring.report.page import make_page
from scoring.report.report import make_report
from scoring.results.durations import spell_seconds
from scoring.results.page import write_page
from scoring.results.scored import open_scored
from tests.scoring.known_jobs import Known, draw_known, write_job
from tests.scoring.page_checks import Page, read_page


def write_report(output: Path) -> Page:
    """The page of a job, beside it."""
    job = open_scored(str(output))
    page = output.with_suffix(".html")
    write_page(page, make_page(job, make_report(job)))
    return read_page(page)


def test_the_page_holds_the_numbers(tmp_path: Path) -> None:
    page = write_report(write_job(tmp_path / "out", draw_known(1000, seed=5)))
    assert "colours version 1 (fp32): 1,000 pictures" in page.words
    assert "Expected calibration error: 0." in page.words
    assert "Confusion matrix" in page.words
    assert "undecodable_image" in page.words
    assert len(page.all("svg")) == 2
    assert len(page.all("li")) == 48
    assert "not finished" not in page.words


def test_without_classes_there_is_no_accuracy(tmp_path: Path) -> None:
    page = write_report(write_job(tmp_path / "out", [Known("a.jpg", (0.7, 0.2, 0.1))]))
    assert "Accuracy" not in page.words
    assert "Every picture was scored." in page.words
    assert len(page.all("svg")) == 1


def test_a_job_of_errors_alone_has_a_page(tmp_path: Path) -> None:
    known = [Known(f"{i}.jpg", error="unreadable", expected="red") for i in range(3)]
    page = write_report(write_job(tmp_path / "out", known))
    assert "No picture was scored." in page.words
    assert "3 pictures (100.0%)" in page.words


def test_logits_and_many_classes_have_a_page(tmp_path: Path) -> None:
    labels = [f"class {i}" for i in range(60)]
    known = [
        Known(f"{i}.jpg", tuple(float((i * j) % 7) for j in range(60)), f"class {i}")
        for i in range(60)
    ]
    page = write_report(write_job(tmp_path / "out", known, labels=labels, score="logit"))
    assert "The most frequent mistakes" in page.words
    assert "Calibration" not in page.words


def test_names_from_the_input_are_text_and_nothing_else(tmp_path: Path) -> None:
    evil = '<script>alert("1")</script><img src=x onerror=alert(1)>&amp;\x1b[31m.jpg'
    labels = ("<b>red</b>", '"green"', "{{ 7 * 7 }}")
    known = [
        Known(evil, (0.7, 0.2, 0.1), "<i>other</i>"),
        Known("b.jpg", (0.1, 0.2, 0.7), labels[2]),
        Known(evil + "2", error="unreadable"),
    ]
    page = write_report(write_job(tmp_path / "out", known, labels=labels))
    assert evil.replace("\x1b", "\ufffd") in page.words
    assert "<b>red</b>" in page.words
    assert "<i>other</i>" in page.words
    assert "{{ 7 * 7 }}" in page.words
    assert not page.all("b")


def test_an_unfinished_job_says_so(tmp_path: Path) -> None:
    output = write_job(tmp_path / "out", draw_known(500), unfinished=2)
    page = write_report(output)
    assert "is not finished\n(3 of 5 shards)" in page.words
    assert "300 pictures" in page.words


def test_a_page_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        write_page(tmp_path / "no folder" / "page.html", "x")
    page = tmp_path / "page.html"
    page.mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        write_page(page, "x")
    assert list(tmp_path.iterdir()) == [page]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"),
        (12.3, "12 s"),
        (200, "3 min 20 s"),
        (7525, "2 h 5 min"),
        (3599.9, "1 h 0 min"),
    ],
)
def test_seconds_are_spelt(seconds: float, words: str) -> None:
    assert spell_seconds(seconds) == words
