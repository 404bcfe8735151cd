"""Classes from a CSV file beside the job."""

from pathlib import Path

import pytest

from scoring.errors import InputError, SettingsError
from scoring.report.report import Report, make_report
from scoring.results.scored import open_scored
from tests.scoring.known_jobs import Known, write_job

KNOWN = [
    Known("cats, two/1.jpg", (0.7, 0.2, 0.1), "blue"),
    Known('say "b".jpg', (0.1, 0.8, 0.1), "blue"),
    Known("c.jpg", (0.1, 0.2, 0.7), "blue"),
]


def report_with(folder: Path, text: str, name: str = "labels.csv") -> Report:
    """The report of `KNOWN` with such a file."""
    output = write_job(folder / "out", KNOWN)
    (folder / name).write_text(text, encoding="utf-8")
    return make_report(open_scored(str(output)), folder / name)


def test_the_file_takes_the_place_of_what_the_input_said(tmp_path: Path) -> None:
    text = 'label,source\nred,"cats, two/1.jpg"\ngreen,"say ""b"".jpg"\n'
    truth = report_with(tmp_path, text).truth
    assert truth is not None
    assert (truth.pictures, truth.right[0]) == (2, 2)


def test_other_columns_and_other_pictures_are_no_trouble(tmp_path: Path) -> None:
    text = "note,source,label\nx,c.jpg,blue\ny,not-in-the-job.jpg,red\n"
    truth = report_with(tmp_path, text).truth
    assert truth is not None
    assert (truth.pictures, truth.right[0]) == (1, 1)


def test_a_file_with_a_name_like_a_pattern_is_read(tmp_path: Path) -> None:
    truth = report_with(tmp_path, "source,label\nc.jpg,blue\n", "labels[1]*.csv").truth
    assert truth is not None
    assert truth.pictures == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source,class\nc.jpg,blue\n", "has no column 'label'.* received source, class"),
        ("", "has no column 'source'.*received nothing"),
        ("source,label\nc.jpg,blue\nc.jpg,red\n", "'c.jpg' more than one label"),
        ("source,label\n/other/c.jpg,blue\n", "names no picture of this job.*'cats, two/1.jpg'"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        report_with(tmp_path, text)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    job = open_scored(str(write_job(tmp_path / "out", KNOWN)))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        make_report(job, tmp_path / "none.csv")
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00source")
    with pytest.raises(InputError, match="cannot be read"):
        make_report(job, tmp_path / "odd.csv")
