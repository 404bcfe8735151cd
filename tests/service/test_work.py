"""What a slot's thread does with a batch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bundle.repository import Bundle
from engine.arrays import Pixels, Scores
from engine.classifier import Classifier
from engine.errors import UndecodableImageError
from service.work import Work, do


@pytest.fixture
def classifier(colours: Bundle) -> Classifier:
    return Classifier(colours, measure=False)


@pytest.fixture
def seen(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> list[Pixels]:
    """The arrays that the network was given."""
    arrays: list[Pixels] = []
    predict = classifier.predict

    def watch(pixels: Pixels, *, alone: bool = False) -> Scores:
        arrays.append(pixels)
        return predict(pixels, alone=alone)

    monkeypatch.setattr(classifier, "predict", watch)
    return arrays


def best(works: Sequence[Work], classifier: Classifier) -> list[str | None]:
    done = do(works, classifier, alone=False)
    return [each.classes[0]["label"] if each.classes else None for each in done]


def test_neighbours_of_one_array_are_run_without_a_copy(
    classifier: Classifier, seen: list[Pixels], colour_pictures: np.ndarray
) -> None:
    works = [Work(b"", 1, colour_pictures, row) for row in (1, 2)]
    assert best(works, classifier) == ["green", "blue"]
    assert np.shares_memory(seen[0], colour_pictures)


def test_pictures_of_many_requests_keep_their_order(
    classifier: Classifier, colour_pictures: np.ndarray
) -> None:
    works = [Work(b"", 1, colour_pictures, row) for row in (2, 0)]
    works.insert(1, Work(b"", 1, colour_pictures[1:2].copy(), 0))
    assert best(works, classifier) == ["blue", "green", "red"]


def test_a_picture_that_cannot_be_decoded_costs_the_others_nothing(
    classifier: Classifier, colour_pictures: np.ndarray
) -> None:
    works = [Work(b"", 1, colour_pictures, 0), Work(b"\xff\xd8\xff cut", 1)]
    works.append(Work(b"", 1, colour_pictures, 2))
    assert best(works, classifier) == ["red", None, "blue"]
    assert isinstance(works[1].error, UndecodableImageError)


def test_where_no_picture_can_be_decoded_nothing_is_run(
    classifier: Classifier, seen: list[Pixels]
) -> None:
    assert best([Work(b"GIF89a", 1)], classifier) == [None]
    assert not seen


def test_a_picture_is_decoded_once_however_often_its_batch_is_tried(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = Path(__file__).parents[2] / "export" / "samples" / "china.jpg"
    decoded: list[bytes] = []
    decode = classifier.decode

    def watch(data: bytes) -> Pixels:
        decoded.append(data)
        return decode(data)

    monkeypatch.setattr(classifier, "decode", watch)
    work = Work(sample.read_bytes(), 1)
    assert best([work], classifier) == best([work], classifier)
    assert len(decoded) == 1
