"""Parquet files."""

from collections.abc import Iterator, Sequence
from typing import Any

from pyarrow import RecordBatch, Schema, Table

class RowGroupMetaData:
    num_rows: int
    total_byte_size: int
    num_columns: int
    def column(self, i: int) -> Any: ...

class FileMetaData:
    num_rows: int
    num_row_groups: int
    metadata: dict[bytes, bytes] | None
    def row_group(self, i: int) -> RowGroupMetaData: ...

class ParquetFile:
    metadata: FileMetaData
    schema_arrow: Schema
    num_row_groups: int
    def __init__(
        self,
        source: Any,
        *,
        pre_buffer: bool = False,
        memory_map: bool = False,
        buffer_size: int = 0,
    ) -> None: ...
    def __enter__(self) -> ParquetFile: ...
    def __exit__(self, *error: object) -> None: ...
    def iter_batches(
        self,
        batch_size: int = 65536,
        row_groups: Sequence[int] | None = None,
        columns: Sequence[str] | None = None,
        use_threads: bool = True,
    ) -> Iterator[RecordBatch]: ...
    def read(self, columns: Sequence[str] | None = None, use_threads: bool = True) -> Table: ...
    def read_row_groups(
        self,
        row_groups: Sequence[int],
        columns: Sequence[str] | None = None,
        use_threads: bool = True,
    ) -> Table: ...
    def read_row_group(
        self, i: int, columns: Sequence[str] | None = None, use_threads: bool = True
    ) -> Table: ...
    def close(self) -> None: ...

class ParquetWriter:
    def __init__(self, where: Any, schema: Schema, **options: Any) -> None: ...
    def __enter__(self) -> ParquetWriter: ...
    def __exit__(self, *error: object) -> None: ...
    def write_table(self, table: Table, row_group_size: int | None = None) -> None: ...
    def close(self) -> None: ...

def write_table(
    table: Table, where: Any, row_group_size: int | None = None, **options: Any
) -> None: ...
def read_table(
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    use_threads: bool = True,
    filesystem: Any = None,
    memory_map: bool = False,
) -> Table: ...
def read_schema(where: Any) -> Schema: ...
def read_metadata(where: Any) -> FileMetaData: ...
