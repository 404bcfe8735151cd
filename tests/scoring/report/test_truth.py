"""Accuracy, confusions and calibration, against scikit-learn's and against the definitions."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, top_k_accuracy_score

from scoring.report.report import Report, make_report
from scoring.report.truth import Truth
from scoring.results.scored import open_scored
from tests.scoring.known_jobs import LABELS, Known, draw_known, write_job

NAMES = sorted(LABELS)


@pytest.fixture(scope="module")
def known() -> list[Known]:
    """A thousand pictures, most with a class."""
    return draw_known(1000, seed=5)


@pytest.fixture(scope="module")
def report(known: list[Known], tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Their report."""
    output = write_job(tmp_path_factory.mktemp("job") / "out", known)
    return make_report(open_scored(str(output)))


def judged(known: list[Known]) -> list[Known]:
    """Those with a class and a score."""
    return [k for k in known if k.scores and k.expected is not None]


def truth_of(report: Report) -> Truth:
    """What it says against the known classes."""
    assert report.truth is not None
    return report.truth


def test_accuracy_is_scikit_learns(report: Report, known: list[Known]) -> None:
    truth, pictures = truth_of(report), judged(known)
    assert truth.pictures == len(pictures)
    assert truth.failed == sum(k.error is not None and k.expected is not None for k in known)
    classes = [LABELS.index(k.expected or "") for k in pictures]
    scores = np.array([k.scores for k in pictures])
    assert truth.accuracies[0] == pytest.approx(np.mean(scores.argmax(1) == classes))
    assert truth.accuracies[1] == pytest.approx(top_k_accuracy_score(classes, scores, k=2))
    assert truth.accuracies[2] == 1


def test_the_confusion_matrix_is_scikit_learns(report: Report, known: list[Known]) -> None:
    pictures, matrix = judged(known), truth_of(report).matrix
    expected = [k.expected for k in pictures]
    predicted = [LABELS[int(np.argmax(k.scores))] for k in pictures]
    assert matrix is not None
    assert list(matrix.names) == NAMES
    whole = confusion_matrix(expected, predicted, labels=NAMES)
    np.testing.assert_array_equal(np.array(matrix.pictures), whole)
    np.fill_diagonal(whole, 0)
    confusions = {(c.truth, c.predicted): c.pictures for c in truth_of(report).confusions}
    assert sum(confusions.values()) == whole.sum()
    for (truth, answer), count in confusions.items():
        assert whole[NAMES.index(truth), NAMES.index(answer)] == count
    measured = precision_recall_fscore_support(expected, predicted, labels=NAMES)
    precision, recall, _, support = map(np.asarray, measured)
    classes = {c.name: c for c in truth_of(report).classes}
    for index, name in enumerate(NAMES):
        assert classes[name].precision == pytest.approx(precision[index])
        assert classes[name].recall == pytest.approx(recall[index])
        assert classes[name].pictures == support[index]


def test_calibration_is_as_guo_and_others_define_it(report: Report, known: list[Known]) -> None:
    pictures = judged(known)
    confidence = np.array([max(k.scores) for k in pictures], np.float32).astype(float)
    right = np.array([LABELS[int(np.argmax(k.scores))] == k.expected for k in pictures])
    error = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert report.calibration is not None
    assert report.calibration.error == pytest.approx(error)
    assert sum(b.pictures for b in report.calibration.bins) == len(pictures)


def test_a_model_that_is_as_sure_as_it_is_right_is_calibrated(tmp_path: Path) -> None:
    known = [
        Known(f"{i}.jpg", (0.75, 0.2, 0.05), expected="red" if i % 4 else "blue")
        for i in range(200)
    ]
    report = make_report(open_scored(str(write_job(tmp_path / "out", known))))
    assert report.calibration is not None
    assert report.calibration.error == pytest.approx(0, abs=1e-9)
    assert truth_of(report).accuracies[0] == 0.75


def test_the_surest_mistakes_come_first(report: Report, known: list[Known]) -> None:
    wrong = [k for k in judged(known) if LABELS[int(np.argmax(k.scores))] != k.expected]
    wrong.sort(key=lambda k: -max(k.scores))
    assert [a.source for a in report.mistakes] == [k.source for k in wrong[:24]]


def test_classes_may_be_ids_in_digits(tmp_path: Path) -> None:
    known = [Known("a.jpg", (0.7, 0.2, 0.1), "0"), Known("b.jpg", (0.7, 0.2, 0.1), "1")]
    truth = truth_of(make_report(open_scored(str(write_job(tmp_path / "out", known)))))
    assert truth.right == (1, 2, 2)
    assert [(c.truth, c.predicted) for c in truth.confusions] == [("green", "red")]


def test_digits_that_are_labels_are_labels(tmp_path: Path) -> None:
    known = [Known("a.jpg", (0.7, 0.2, 0.1), "2"), Known("b.jpg", (0.2, 0.1, 0.7), "2")]
    output = write_job(tmp_path / "out", known, labels=("2", "1", "0"))
    truth = truth_of(make_report(open_scored(str(output))))
    assert truth.right == (1, 2, 2)


def test_a_label_of_two_classes_is_met_by_either(tmp_path: Path) -> None:
    known = [
        Known("bird.jpg", (0.8, 0.1, 0.1), "crane"),
        Known("machine.jpg", (0.1, 0.1, 0.8), "crane"),
        Known("by id.jpg", (0.1, 0.1, 0.8), "0"),
    ]
    output = write_job(tmp_path / "out", known, labels=("crane", "boat", "crane"))
    truth = truth_of(make_report(open_scored(str(output))))
    assert truth.right[0] == 1 + 1
    assert [(c.truth, c.predicted) for c in truth.confusions] == [("crane (0)", "crane (2)")]


def test_classes_that_the_model_has_not_are_named(tmp_path: Path) -> None:
    known = [Known(f"{i}.jpg", (0.7, 0.2, 0.1), "dodo") for i in range(3)]
    truth = truth_of(make_report(open_scored(str(write_job(tmp_path / "out", known)))))
    assert truth.unknown == (("dodo", 3),)
    assert truth.accuracies[-1] == 0
    assert {c.name: c.recall for c in truth.classes} == {"dodo": 0, "red": None}


def test_nothing_is_said_where_no_class_is_known(tmp_path: Path) -> None:
    known = [Known("a.jpg", (0.7, 0.2, 0.1))]
    report = make_report(open_scored(str(write_job(tmp_path / "out", known))))
    assert (report.truth, report.calibration, report.mistakes) == (None, None, ())


def test_logits_have_an_accuracy_and_no_calibration(tmp_path: Path) -> None:
    known = [Known("a.jpg", (7.0, -2.0, 0.1), "red")]
    report = make_report(open_scored(str(write_job(tmp_path / "out", known, score="logit"))))
    assert truth_of(report).accuracies[0] == 1
    assert report.calibration is None


def test_of_many_classes_the_largest_confusions_are_listed(tmp_path: Path) -> None:
    labels = [f"class {i}" for i in range(40)]
    rows = np.random.default_rng(2).dirichlet(np.full(40, 0.1), 400)
    known = [Known(f"{i}.jpg", tuple(row), f"class {i % 40}") for i, row in enumerate(rows)]
    truth = truth_of(
        make_report(open_scored(str(write_job(tmp_path / "out", known, labels=labels))))
    )
    assert truth.matrix is None
    assert len(truth.confusions) == 30
    counts = [c.pictures for c in truth.confusions]
    assert counts == sorted(counts, reverse=True)
