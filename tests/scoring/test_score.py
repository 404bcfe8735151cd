"""A batch of pictures becomes rows: of each what it is, what the network said, or what is wrong."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from bundle.repository import Bundle, Repository
from engine.classifier import Classifier
from engine.errors import LayerNotFoundError
from scoring.best import best_classes
from scoring.errors import SettingsError
from scoring.score import Scorer, open_scorer
from scoring.sources.picture import Picture
from tests.scoring.pictures import LABELS, make_picture
from tests.scoring.small_jobs import make_settings

NAMES = [
    "id", "source", "sha256", "width", "height", "expected", "class_ids", "labels", "scores",
    "error_code", "error_message", "model", "version", "precision",
]  # fmt: skip


def make_scorer(bundle: Bundle, **columns: Any) -> Scorer:
    return open_scorer(make_settings(bundle, "/input", **columns), bundle.folder.parents[1])


def pictures(*indexes: int) -> list[Picture]:
    return [Picture(f"{index}.png", make_picture(index), LABELS[index % 3]) for index in indexes]


@pytest.fixture
def classifier(bundle: Bundle) -> Classifier:
    return Classifier(bundle, threads=1, measure=False)


@pytest.fixture(scope="module")
def pooled(models: Path) -> Bundle:
    """A network whose layers have a height and a width."""
    return Repository(models).open("pooled")


def test_a_row_says_what_the_picture_is(bundle: Bundle) -> None:
    rows = make_scorer(bundle).score(pictures(0, 1, 4), first_id=40).to_pylist()
    assert [row["id"] for row in rows] == [40, 41, 42]
    for row, index in zip(rows, (0, 1, 4), strict=True):
        data = make_picture(index)
        with Image.open(io.BytesIO(data)) as image:
            assert (row["width"], row["height"]) == image.size
            assert image.width != image.height
        assert row["source"] == f"{index}.png"
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
        assert row["expected"] == LABELS[index % 3]
        assert (row["model"], row["version"], row["precision"]) == ("colours", 1, "fp32")
        assert row["error_code"] is row["error_message"] is None


def test_a_row_says_what_the_network_said(bundle: Bundle, classifier: Classifier) -> None:
    batch = pictures(0, 1, 2, 3, 4)
    rows = make_scorer(bundle).score(batch, first_id=0).to_pylist()
    pixels = np.stack([classifier.decode(picture.data or b"") for picture in batch])
    for row, scores in zip(rows, classifier.predict(pixels), strict=True):
        order = np.argsort(-scores)
        assert row["class_ids"] == order.tolist()
        assert row["labels"] == [LABELS[index] for index in order]
        assert row["scores"] == scores[order].tolist()
        assert row["labels"][0] == row["expected"]


def test_the_columns_and_what_the_schema_says_of_them(bundle: Bundle) -> None:
    scorer = make_scorer(bundle)
    assert scorer.schema.names == NAMES
    metadata = scorer.schema.metadata
    assert metadata == {b"cutaway.schema_version": b"1", b"cutaway.score": b"probability"}
    assert scorer.score(pictures(0), first_id=0).schema.equals(scorer.schema, check_metadata=True)


def test_logits_are_said_to_be_logits(models: Path) -> None:
    metadata = make_scorer(Repository(models).open("logits")).schema.metadata
    assert metadata is not None
    assert metadata[b"cutaway.score"] == b"logit"


def test_what_cannot_be_used_is_a_row_in_its_place(bundle: Bundle) -> None:
    broken = [
        Picture("text.jpg", b"not a picture"),
        Picture("short.jpg", make_picture(4)[:700]),
        Picture("gone.jpg", None, "red", "unreadable", "there is no such file"),
    ]
    first, *bad, last = (
        make_scorer(bundle).score([pictures(0)[0], *broken, pictures(1)[0]], first_id=0).to_pylist()
    )
    codes = [row["error_code"] for row in bad]
    assert codes == ["unsupported_image", "undecodable_image", "unreadable"]
    assert bad[0]["sha256"] == hashlib.sha256(b"not a picture").hexdigest()
    assert bad[0]["width"] is None
    assert (bad[1]["width"], bad[1]["height"]) == (35, 24), "its header can be read"
    assert bad[2]["sha256"] is None
    assert bad[2]["expected"] == "red"
    assert bad[2]["error_message"] == "there is no such file"
    for row in bad:
        assert row["class_ids"] is row["labels"] is row["scores"] is None
    assert [first["labels"][0], last["labels"][0]] == ["red", "green"]


def test_a_batch_without_one_good_picture_is_rows(bundle: Bundle) -> None:
    scorer = make_scorer(bundle, all_scores=True, layers=("pool",))
    rows = scorer.score([Picture("a", b"a"), Picture("b", b"")], first_id=3).to_pylist()
    assert [row["id"] for row in rows] == [3, 4]
    for row in rows:
        assert row["scores"] is row["all_scores"] is row["layer:pool"] is None


def test_too_large_a_picture_is_not_decoded(bundle: Bundle, models: Path) -> None:
    settings = make_settings(bundle, "/input")
    small = settings.model.model_copy(update={"max_image_pixels": 500})
    scorer = open_scorer(settings.model_copy(update={"model": small}), models)
    [row] = scorer.score(pictures(0), first_id=0).to_pylist()
    assert row["error_code"] == "image_too_large"
    assert "31 x 20" in row["error_message"]


def test_all_scores_are_every_class_in_its_place(bundle: Bundle) -> None:
    batch = make_scorer(bundle, all_scores=True, top_k=2).score(pictures(0, 1), first_id=0)
    assert batch.schema.field("all_scores").type == pa.list_(pa.float32(), 3)
    for row in batch.to_pylist():
        assert len(row["scores"]) == 2
        assert row["scores"] == [row["all_scores"][index] for index in row["class_ids"]]


def test_more_classes_than_there_are_cannot_be_best(bundle: Bundle) -> None:
    [row] = make_scorer(bundle, top_k=50).score(pictures(0), first_id=0).to_pylist()
    assert len(row["class_ids"]) == 3


@pytest.mark.parametrize("pool", ["mean", "max", "none"])
def test_layers_are_pooled_over_their_positions(pooled: Bundle, pool: str) -> None:
    scorer = make_scorer(pooled, layers=("conv_relu", "pool"), pool=pool)
    batch = pictures(0, 1, 2)
    rows = scorer.score(batch, first_id=0).to_pylist()
    inspected = Classifier(pooled, threads=1, measure=False)
    pixels = np.stack([inspected.decode(picture.data or b"") for picture in batch])
    found, scores = inspected.inspector.observe(pixels, ["conv_relu", "pool"])
    size = {"mean": 5, "max": 5, "none": 6 * 10 * 5}[pool]
    field = scorer.schema.field("layer:conv_relu")
    assert field.type == pa.list_(pa.float32(), size)
    assert field.metadata == {b"cutaway.shape": b"[6, 10, 5]", b"cutaway.pool": pool.encode()}
    for index, row in enumerate(rows):
        values = found["conv_relu"][index]
        wanted = values if pool == "none" else getattr(values, pool)((0, 1))
        assert row["layer:conv_relu"] == pytest.approx(wanted.reshape(-1).tolist(), rel=1e-5)
        assert row["layer:pool"] == found["pool"][index].tolist()
        assert row["scores"] == sorted(scores[index].tolist(), reverse=True)


def test_an_unknown_layer_names_the_nearest(pooled: Bundle) -> None:
    with pytest.raises(LayerNotFoundError, match=r"no layer 'conv_rel'; nearest: conv_relu"):
        make_scorer(pooled, layers=("conv_rel",))


def test_a_shard_that_memory_cannot_hold_is_refused(bundle: Bundle, models: Path) -> None:
    settings = make_settings(bundle, "/input", shard=100_000, layers=("rescaling",), pool="none")
    with pytest.raises(SettingsError, match=r"3\.7 GB of numbers.*--pool mean, or --shard 27126"):
        open_scorer(settings, models)


def test_the_bytes_of_a_batch_are_always_the_same(pooled: Bundle) -> None:
    first, second = (make_scorer(pooled, layers=("pool",)) for _ in range(2))
    batch = pictures(*range(8))
    once = first.score(batch, first_id=8)
    assert once.to_pydict() == first.score(batch, first_id=8).to_pydict()
    assert once.to_pydict() == second.score(batch, first_id=8).to_pydict()


def test_the_best_classes_are_those_of_a_full_sort() -> None:
    dice = np.random.default_rng(1)
    scores = dice.integers(0, 9, (50, 40)).astype(np.float32)  # many are equal
    expected = np.argsort(-scores, axis=1, kind="stable")
    for top_k in (1, 5, 40):
        assert np.array_equal(best_classes(scores, top_k), expected[:, :top_k])


def test_a_score_that_is_no_number_is_never_best() -> None:
    scores = np.array([[np.nan, 0.25, 0.5, np.nan]], np.float32)
    assert best_classes(scores, 3).tolist() == [[2, 1, 0]]
    assert best_classes(np.full((1, 3), np.nan, np.float32), 2).tolist() == [[0, 1]]
