"""Many files as one table."""

from collections.abc import Iterator, Sequence
from typing import Any

from pyarrow import RecordBatch, Schema, Table

class Dataset:
    schema: Schema
    files: list[str]
    def count_rows(self, **options: Any) -> int: ...
    def to_batches(self, columns: Sequence[str] | None = ..., **options: Any) -> Iterator[RecordBatch]: ...
    def to_table(self, columns: Sequence[str] | None = ..., **options: Any) -> Table: ...

def dataset(source: Any, **options: Any) -> Dataset: ...
