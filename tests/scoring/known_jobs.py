"""Finished jobs whose answers are written by the test: what reports say of them is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.job import Job, open_job
from scoring.outputs.places import open_output
from scoring.settings import JobSettings
from scoring.shards import Item, Shard
from tests.scoring.jobs import make_settings

LABELS: tuple[str, ...] = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class Known:
    """One picture and its answer: a score a class, or an error."""

    source: str
    scores: tuple[float, ...] = ()
    expected: str | None = None
    error: str | None = None
    sha256: str | None = None


def draw_known(count: int, *, seed: int = 1, classes: int = 3) -> list[Known]:
    """Pictures with seeded probabilities; most have a class, and a tenth has an error."""
    random = np.random.default_rng(seed)
    scores = random.dirichlet(np.full(classes, 0.6), count)
    truths = [random.choice(classes, p=row) for row in scores]
    return [
        Known(
            source=f"photos/{index:05d}.jpg",
            scores=() if index % 10 == 9 else tuple(row.astype(np.float32).tolist()),
            expected=LABELS[truth % 3] if classes == 3 and index % 4 else None,
            error="undecodable_image" if index % 10 == 9 else None,
            sha256=f"{index:064x}",
        )
        for index, (row, truth) in enumerate(zip(scores, truths, strict=True))
    ]


def write_job(
    output: Path,
    known: Sequence[Known],
    *,
    labels: Sequence[str] = LABELS,
    location: str = "/nowhere",
    score: str = "probability",
    top_k: int = 3,
    shard_pictures: int = 100,
    unfinished: int = 0,
    all_scores: bool = False,
    **model: object,
) -> Path:
    """Write a job by the means of a real one, but its answers; the output.

    Args:
        known: the pictures, in order.
        unfinished: shards that are left out at the end.
    """
    settings = make_settings(location, **model)
    columns = settings.columns.model_copy(update={"top_k": top_k, "all_scores": all_scores})
    settings = settings.model_copy(update={"columns": columns})
    shards = [
        _shard(index, first, known[first : first + shard_pictures], Path(location).name)
        for index, first in enumerate(range(0, len(known), shard_pictures))
    ]
    place = open_output(str(output))
    with place.hold():
        job = open_job(place, settings, plan=lambda: shards)
        for shard in shards[: len(shards) - unfinished]:
            rows = known[shard.first_id : shard.first_id + shard.count]
            job.commit(shard, _table(shard.first_id, rows, labels, settings, score))
        _finish(job, unfinished)
    return output


def _finish(job: Job, unfinished: int) -> None:
    """Write the end, unless there is something left."""
    if not unfinished:
        job.finish()


def _shard(index: int, first_id: int, known: Sequence[Known], folder: str) -> Shard:
    """A shard of these pictures, which are in a folder of that name."""
    items = tuple(Item(k.source, f"{folder}/{k.source}", expected=k.expected) for k in known)
    return Shard(index, first_id, len(items), "files", items=items)


def _table(
    first_id: int, known: Sequence[Known], labels: Sequence[str], settings: JobSettings, score: str
) -> pa.Table:
    """The rows of a part."""
    rows = [
        _row(first_id + number, picture, labels, settings) for number, picture in enumerate(known)
    ]
    kept = list(_FIRST)
    if settings.columns.all_scores:
        kept.append(pa.field("all_scores", pa.list_(pa.float32(), len(labels))))
    about = {"cutaway.schema_version": "1", "cutaway.score": score}
    return pa.Table.from_pylist(rows, schema=pa.schema([*kept, *_LAST], about))


def _row(
    number: int, picture: Known, labels: Sequence[str], settings: JobSettings
) -> dict[str, Any]:
    """One picture's."""
    scores = np.array(picture.scores, np.float32)
    best = np.argsort(-scores, kind="stable")[: settings.columns.top_k]
    scored = picture.error is None
    return {
        "id": number,
        "source": picture.source,
        "sha256": picture.sha256,
        "width": 40,
        "height": 30,
        "expected": picture.expected,
        "class_ids": best.tolist() if scored else None,
        "labels": [labels[index] for index in best] if scored else None,
        "scores": scores[best].tolist() if scored else None,
        "all_scores": scores.tolist() if scored else None,
        "error_code": picture.error,
        "error_message": picture.error and f"{picture.source} is broken",
        "model": settings.model.name,
        "version": settings.model.version,
        "precision": settings.model.precision,
    }


_FIRST = (
    pa.field("id", pa.int64()),
    pa.field("source", pa.string()),
    pa.field("sha256", pa.string()),
    pa.field("width", pa.int32()),
    pa.field("height", pa.int32()),
    pa.field("expected", pa.string()),
    pa.field("class_ids", pa.list_(pa.int32())),
    pa.field("labels", pa.list_(pa.string())),
    pa.field("scores", pa.list_(pa.float32())),
)
_LAST = (
    pa.field("error_code", pa.string()),
    pa.field("error_message", pa.string()),
    pa.field("model", pa.dictionary(pa.int32(), pa.string())),
    pa.field("version", pa.int32()),
    pa.field("precision", pa.dictionary(pa.int32(), pa.string())),
)
