"""Jobs without pictures: settings, shards, and the rows that they come to."""

from collections.abc import Iterator

import pyarrow as pa

from scoring.settings import ColumnSettings, InputSettings, JobSettings, ModelSettings
from scoring.shards import Item, Shard

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64()),
        pa.field("source", pa.string()),
        pa.field("class_ids", pa.list_(pa.int32())),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("scores", pa.list_(pa.float32())),
        pa.field("all_scores", pa.list_(pa.float32(), 3)),
        pa.field("error_code", pa.string()),
        pa.field("model", pa.dictionary(pa.int32(), pa.string())),
        pa.field("version", pa.int32()),
    ],
    {"cutaway.schema_version": "1"},
)
LABELS = ("red", "green", "blue")


def make_settings(location: str = "/pictures", **model: object) -> JobSettings:
    """Some job's settings."""
    return JobSettings(
        input=InputSettings(location=location),
        model=ModelSettings.model_validate(
            {"name": "colours", "version": 1, "manifest_sha256": "0" * 64}
            | {"device": "cpu", "precision": "fp32"}
            | model
        ),
        columns=ColumnSettings(),
    )


def make_shards(count: int, pictures: int) -> Iterator[Shard]:
    """So many shards of so many pictures each; every third item has a class."""
    for index in range(count):
        first = index * pictures
        items = tuple(
            Item(
                source=f"cats/{number:08d}.jpg",
                path=f"cats/{number:08d}.jpg" if number % 2 else f"/elsewhere/{number}.jpg",
                size=number + 1000 if number % 5 else -1,
                expected="cats" if number % 3 == 0 else None,
            )
            for number in range(first, first + pictures)
        )
        yield Shard(index, first, pictures, "files", items=items)


def make_table(shard: Shard) -> pa.Table:
    """The rows of a shard: every seventh picture cannot be used."""
    rows = [_row(shard.first_id + number) for number in range(shard.count)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _row(number: int) -> dict[str, object]:
    bad = number % 7 == 6
    scores = [number / 1000, 0.5, 0.25]
    return {
        "id": number,
        "source": f"cats/{number:08d}.jpg",
        "class_ids": None if bad else [number % 3, 1],
        "labels": None if bad else [LABELS[number % 3], "green"],
        "scores": None if bad else scores[:2],
        "all_scores": None if bad else scores,
        "error_code": "unsupported_image" if bad else None,
        "model": "colours",
        "version": 1,
    }
