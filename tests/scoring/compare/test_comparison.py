"""Where two jobs answer differently, against numpy."""

from pathlib import Path

import numpy as np
import pytest

from scoring.compare.comparison import Comparison, compare
from scoring.results.scored import open_scored
from tests.scoring.known_jobs import LABELS, Known, draw_known, write_job


def changed_scores(known: list[Known], seed: int = 11) -> list[Known]:
    """The same pictures, scored a little differently; other ones have errors."""
    random = np.random.default_rng(seed)
    again: list[Known] = []
    for index, picture in enumerate(known):
        scores = np.array(picture.scores or (0.5, 0.3, 0.2)) + random.normal(0, 0.08, 3)
        failed = index % 10 == 8
        again.append(
            Known(
                picture.source,
                () if failed else tuple(scores.astype(np.float32).tolist()),
                picture.expected,
                "unreadable" if failed else None,
                picture.sha256,
            )
        )
    return again


@pytest.fixture(scope="module")
def known() -> list[Known]:
    """Pictures of the first job."""
    return draw_known(1000, seed=5)


@pytest.fixture(scope="module")
def again(known: list[Known]) -> list[Known]:
    """Those of the second."""
    return changed_scores(known)


@pytest.fixture(scope="module")
def found(
    known: list[Known], again: list[Known], tmp_path_factory: pytest.TempPathFactory
) -> Comparison:
    """The two compared."""
    folder = tmp_path_factory.mktemp("jobs")
    a = write_job(folder / "a", known)
    b = write_job(folder / "b", again, precision="int8", shard_pictures=70)
    return compare(open_scored(str(a)), open_scored(str(b)))


def firsts(pictures: list[Known]) -> np.ndarray:
    """The first class of each."""
    return np.array([np.argmax(k.scores) for k in pictures])


def both(known: list[Known], again: list[Known]) -> tuple[list[Known], list[Known]]:
    """Those that were scored twice."""
    pairs = [(a, b) for a, b in zip(known, again, strict=True) if a.scores and b.scores]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_agreement_and_differences_are_numpys(
    found: Comparison, known: list[Known], again: list[Known]
) -> None:
    a, b = both(known, again)
    same = firsts(a) == firsts(b)
    agreement = found.agreement
    assert (agreement.pictures, agreement.same) == (len(a), same.sum())
    assert 0.5 < (agreement.share or 0) < 1
    scores = [np.array([k.scores for k in side], np.float32) for side in (a, b)]
    difference = np.abs(scores[0] - scores[1]).max(axis=1)
    assert agreement.mean_difference == pytest.approx(difference.mean(), rel=1e-5)
    assert agreement.max_difference == pytest.approx(difference.max(), rel=1e-6)


def test_changes_are_counted_by_class_and_by_move(
    found: Comparison, known: list[Known], again: list[Known]
) -> None:
    a, b = map(firsts, both(known, again))
    for row in found.classes:
        index = LABELS.index(row.name)
        assert (row.a, row.b) == ((a == index).sum(), (b == index).sum())
        assert row.same == ((a == index) & (b == index)).sum()
    assert sum(m.pictures for m in found.moves) == (a != b).sum()
    for move in found.moves:
        at = (a == LABELS.index(move.a)) & (b == LABELS.index(move.b))
        assert move.pictures == at.sum()


def test_errors_of_one_job_alone_are_counted(found: Comparison) -> None:
    errors = {(e.a, e.b): (e.pictures, e.source, e.message) for e in found.errors}
    assert errors == {
        ("undecodable_image", None): (100, "photos/00009.jpg", "photos/00009.jpg is broken"),
        (None, "unreadable"): (100, "photos/00008.jpg", "photos/00008.jpg is broken"),
    }


def test_the_changes_that_both_are_sure_of_come_first(
    found: Comparison, known: list[Known], again: list[Known]
) -> None:
    pairs = zip(*both(known, again), strict=True)
    wanted = [
        (min(max(a.scores), max(b.scores)), a.source)
        for a, b in pairs
        if np.argmax(a.scores) != np.argmax(b.scores)
    ]
    wanted.sort(key=lambda pair: -pair[0])
    assert [c.source for c in found.changed] == [source for _, source in wanted[:24]]
    first = found.changed[0]
    assert first.a[0][0] != first.b[0][0]
    assert first.sha256 == next(k.sha256 for k in known if k.source == first.source)


def test_accuracies_are_those_of_the_pictures_that_both_scored(
    found: Comparison, known: list[Known], again: list[Known]
) -> None:
    a, b = both(known, again)
    classes = np.array([LABELS.index(k.expected) if k.expected else -1 for k in a])
    told = classes >= 0
    right_a, right_b = (firsts(a) == classes)[told], (firsts(b) == classes)[told]
    rightness = found.rightness
    assert rightness is not None
    assert (rightness.pictures, rightness.a, rightness.b) == (
        told.sum(),
        right_a.sum(),
        right_b.sum(),
    )
    assert rightness.repaired == (right_b & ~right_a).sum()
    assert rightness.broken == (right_a & ~right_b).sum()


def test_a_job_agrees_with_itself(tmp_path: Path) -> None:
    job = open_scored(str(write_job(tmp_path / "a", draw_known(200))))
    found = compare(job, job)
    assert found.agreement.share == 1
    assert found.agreement.max_difference == 0
    assert (found.classes, found.moves, found.errors, found.changed) == ((), (), (), ())


def test_all_scores_are_compared_where_both_jobs_kept_them(tmp_path: Path) -> None:
    a = [Known("a.jpg", (0.5, 0.3, 0.2))]
    b = [Known("a.jpg", (0.5, 0.1, 0.4))]

    def found(*, all_scores: bool) -> Comparison:
        folder = tmp_path / str(all_scores)
        outputs = [
            write_job(folder / name, known, top_k=1, all_scores=all_scores)
            for name, known in (("a", a), ("b", b))
        ]
        return compare(*(open_scored(str(output)) for output in outputs))

    assert found(all_scores=False).agreement.max_difference == 0
    assert found(all_scores=True).agreement.max_difference == pytest.approx(0.2)


def test_models_that_number_their_classes_otherwise_are_compared_by_label(tmp_path: Path) -> None:
    known = draw_known(100)
    turned = [Known(k.source, k.scores[::-1], k.expected, k.error, k.sha256) for k in known]
    a = write_job(tmp_path / "a", known)
    b = write_job(tmp_path / "b", turned, labels=LABELS[::-1], name="other")
    agreement = compare(open_scored(str(a)), open_scored(str(b))).agreement
    assert agreement.share == 1
    assert agreement.max_difference == 0


def test_equal_labels_of_one_model_are_different_classes(tmp_path: Path) -> None:
    labels = ("crane", "boat", "crane")
    a = write_job(tmp_path / "a", [Known("a.jpg", (0.6, 0.1, 0.3))], labels=labels)
    b = write_job(tmp_path / "b", [Known("a.jpg", (0.3, 0.1, 0.6))], labels=labels)
    found = compare(open_scored(str(a)), open_scored(str(b)))
    assert found.agreement.same == 0
    assert [(m.a, m.b) for m in found.moves] == [("crane (0)", "crane (2)")]


def test_probabilities_and_logits_agree_on_classes_alone(tmp_path: Path) -> None:
    a = write_job(tmp_path / "a", [Known("a.jpg", (0.6, 0.1, 0.3))])
    b = write_job(tmp_path / "b", [Known("a.jpg", (4.0, -1.0, 0.5))], score="logit")
    found = compare(open_scored(str(a)), open_scored(str(b)))
    assert found.agreement.share == 1
    assert found.agreement.max_difference is None
    assert not found.comparable
