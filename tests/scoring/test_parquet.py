"""A part's bytes."""

import hashlib
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.parquet import encode
from scoring.shards import Shard
from tests.scoring.jobs import SCHEMA, make_shards, make_table


@pytest.fixture
def table() -> pa.Table:
    return make_table(next(make_shards(1, 1000)))


def read(data: memoryview) -> pq.ParquetFile:
    return pq.ParquetFile(io.BytesIO(data))


def test_every_row_comes_back(table: pa.Table) -> None:
    part = read(encode(table))
    assert part.schema_arrow.names == SCHEMA.names
    assert part.schema_arrow.metadata == SCHEMA.metadata
    assert part.schema_arrow.field("all_scores").type.list_size == 3
    assert part.read().to_pylist() == table.to_pylist()


def test_the_bytes_do_not_depend_on_the_batches_that_the_rows_came_in(table: pa.Table) -> None:
    digests = set()
    for size in (1000, 8, 7, 333):
        rows = table.to_pylist()
        batches = [
            pa.RecordBatch.from_pylist(rows[first : first + size], schema=SCHEMA)
            for first in range(0, len(rows), size)
        ]
        digests.add(hashlib.sha256(encode(pa.Table.from_batches(batches))).hexdigest())
    assert len(digests) == 1


def test_the_bytes_do_not_depend_on_what_lies_under_a_null() -> None:
    """A null's place in a buffer holds whatever was there before."""
    missing = pa.array([False, True, False])
    tables = [
        pa.table(
            {
                "scores": pa.FixedSizeListArray.from_arrays(
                    pa.array(np.array([1, 2, rest, rest, 5, 6], np.float32)), 2, mask=missing
                )
            }
        )
        for rest in (0.0, 77.0)
    ]
    assert bytes(encode(tables[0])) == bytes(encode(tables[1]))


def test_a_shard_is_one_row_group(table: pa.Table) -> None:
    many = pa.concat_tables(
        [table.select(["id"])] * 1100
    )  # Arrow begins another one after 1,048,576 rows
    assert read(encode(many)).num_row_groups == 1


def test_no_row_is_a_file_too() -> None:
    assert read(encode(make_table(Shard(0, 0, 0, "files")))).read().num_rows == 0


def test_what_repeats_is_stored_once(table: pa.Table) -> None:
    columns = {}
    group = read(encode(table)).metadata.row_group(0)
    for number in range(group.num_columns):
        column = group.column(number)
        columns[column.path_in_schema] = "RLE_DICTIONARY" in column.encodings
    assert columns == {
        "id": False,
        "source": False,
        "class_ids.list.element": True,
        "labels.list.element": True,
        "scores.list.element": False,
        "all_scores.list.element": False,
        "error_code": True,
        "model": True,
        "version": True,
    }
