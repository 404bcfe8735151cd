"""What was answered how often, and what could not be scored."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scoring.report.report import make_report
from scoring.results.scored import open_scored
from tests.scoring.known_jobs import LABELS, Known, draw_known, write_job


def test_the_counts_are_those_of_the_rows(tmp_path: Path) -> None:
    known = draw_known(730)
    report = make_report(open_scored(str(write_job(tmp_path / "out", known))))
    counts = report.counts
    assert (counts.pictures, counts.scored, counts.failed) == (730, 657, 73)
    firsts = Counter(LABELS[int(np.argmax(k.scores))] for k in known if k.scores)
    assert {c.name: c.pictures for c in counts.classes} == firsts
    assert [c.pictures for c in counts.classes] == sorted(firsts.values(), reverse=True)
    for row in counts.classes:
        best = [
            max(k.scores) for k in known if k.scores and LABELS[np.argmax(k.scores)] == row.name
        ]
        assert row.mean_score == pytest.approx(np.mean(best), abs=1e-6)


def test_errors_are_counted_by_kind_with_the_first_as_an_example(tmp_path: Path) -> None:
    kinds = ["unsupported_image", "unreadable", "unsupported_image"]
    known = [Known("good.jpg", (0.7, 0.2, 0.1))]
    known += [Known(f"bad{i}.jpg", error=kind) for i, kind in enumerate(kinds)]
    errors = make_report(open_scored(str(write_job(tmp_path / "out", known)))).counts.errors
    assert [(e.code, e.pictures, e.source, e.message) for e in errors] == [
        ("unsupported_image", 2, "bad0.jpg", "bad0.jpg is broken"),
        ("unreadable", 1, "bad1.jpg", "bad1.jpg is broken"),
    ]


def test_probabilities_are_counted_in_twentieths(tmp_path: Path) -> None:
    known = [
        Known(f"{i}.jpg", (p, 1 - p, 0.0)) for i, p in enumerate((1.0, 0.97, 0.951, 0.6, 0.52))
    ]
    confidence = make_report(open_scored(str(write_job(tmp_path / "out", known)))).counts.confidence
    assert confidence is not None
    assert confidence.edges == pytest.approx(np.linspace(0, 1, 21))
    assert confidence.pictures == (0,) * 10 + (1, 0, 1) + (0,) * 6 + (3,)


def test_logits_are_counted_between_the_least_and_the_greatest(tmp_path: Path) -> None:
    known = [Known(f"{i}.jpg", (v, -30.0, -40.0)) for i, v in enumerate((-2.0, 3.0, 8.0))]
    job = open_scored(str(write_job(tmp_path / "out", known, score="logit")))
    confidence = make_report(job).counts.confidence
    assert confidence is not None
    assert (confidence.edges[0], confidence.edges[-1]) == pytest.approx((-2, 8))
    assert confidence.pictures == (1,) + (0,) * 9 + (1,) + (0,) * 8 + (1,)


def test_equal_logits_and_no_finite_score_are_no_trouble(tmp_path: Path) -> None:
    equal = [Known(f"{i}.jpg", (2.5, 1.0, 0.0)) for i in range(4)]
    job = open_scored(str(write_job(tmp_path / "equal", equal, score="logit")))
    confidence = make_report(job).counts.confidence
    assert confidence is not None
    assert sum(confidence.pictures) == 4
    nan = [Known("nan.jpg", (float("nan"),) * 3)]
    report = make_report(open_scored(str(write_job(tmp_path / "nan", nan))))
    assert report.counts.confidence is None
    assert report.counts.scored == 1


def test_two_classes_of_one_label_are_told_apart(tmp_path: Path) -> None:
    known = [Known("bird.jpg", (0.8, 0.1, 0.1)), Known("machine.jpg", (0.1, 0.1, 0.8))]
    output = write_job(tmp_path / "out", known, labels=("crane", "boat", "crane"))
    counts = make_report(open_scored(str(output))).counts
    assert sorted(c.name for c in counts.classes) == ["crane (0)", "crane (2)"]


def test_the_least_certain_come_first(tmp_path: Path) -> None:
    known = draw_known(300)
    report = make_report(open_scored(str(write_job(tmp_path / "out", known))))
    scored = sorted((max(k.scores), k.source) for k in known if k.scores)
    assert [a.source for a in report.uncertain] == [source for _, source in scored[:24]]
    assert report.uncertain[0].classes[0][1] == pytest.approx(scored[0][0])
    assert len(report.uncertain[0].classes) == 2


def test_of_logits_the_closest_two_are_the_least_certain(tmp_path: Path) -> None:
    known = [Known("far.jpg", (1.0, -9.0, -9.0)), Known("near.jpg", (7.0, 6.5, 0.0))]
    job = open_scored(str(write_job(tmp_path / "out", known, score="logit")))
    assert [a.source for a in make_report(job).uncertain] == ["near.jpg", "far.jpg"]
