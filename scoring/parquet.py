"""A part's bytes: a function of its rows alone."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

UNIQUE = frozenset(("id", "source", "sha256"))
"""Columns in which no value comes twice: a dictionary of them would be one more copy."""


def encode(table: pa.Table) -> memoryview:
    """The rows as one Parquet file of one row group.

    Nothing in it depends on when or where it is written, nor on the batches that the rows came
    in: pages end at the borders of chunks, so there is one chunk a column.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.combine_chunks(),
        sink,
        row_group_size=max(1, table.num_rows),
        compression="zstd",
        version="2.6",
        data_page_version="1.0",
        use_dictionary=list(_dictionaries(table.schema)),
        write_statistics=True,
        store_schema=True,
    )
    return memoryview(sink.getvalue()).cast("B")


def _dictionaries(schema: pa.Schema) -> Iterator[str]:
    """Paths of the leaves whose values repeat; those of numbers from the network never do."""
    for field in schema:
        kind = field.type
        if types.is_list(kind) and not types.is_floating(kind.value_type):
            yield f"{field.name}.list.element"  # so Parquet calls it, whatever Arrow does
        elif field.name not in UNIQUE and (
            types.is_string(kind) or types.is_integer(kind) or types.is_dictionary(kind)
        ):
            yield field.name
