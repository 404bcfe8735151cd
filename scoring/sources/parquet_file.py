"""A Parquet file with its footer read, and what can be wrong with one."""

from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from scoring.errors import InputError
from scoring.sources.locations import first_words

BUFFER_BYTES = 1_000_000
"""Of a column that is read from the file at once; otherwise it would be a row group's at once."""

ARROW_ERRORS = (pa.ArrowException, OSError, ValueError)
"""What reading raises; ValueErrors are of texts that are not UTF-8."""


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """An open file.

    Args:
        reader: of its row groups.
        schema: its columns.
        row_counts: rows of each row group.
    """

    reader: pq.ParquetFile
    schema: pa.Schema
    row_counts: tuple[int, ...]

    def mean_row_bytes(self, group: int) -> float:
        """What a row of a row group takes in memory, 1 byte at least."""
        return max(1.0, self.reader.metadata.row_group(group).total_byte_size / self.rows(group))

    def rows(self, group: int) -> int:
        """Rows of a row group, 1 at least."""
        return max(1, self.row_counts[group])


def open_parquet(file: IO[bytes], url: str) -> ParquetFile:
    """Read a file's footer.

    Args:
        file: seekable, and open as long as the answer is used.
        url: where it is, for messages.

    Raises:
        InputError: it is damaged, or no Parquet.
        OSError, MemoryError: it cannot be read.
    """
    try:
        reader = pq.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER_BYTES)
        metadata, schema = reader.metadata, reader.schema_arrow
        groups = range(metadata.num_row_groups)
        counts = tuple(metadata.row_group(group).num_rows for group in groups)
        _check(counts, metadata.num_rows, schema.names)
    except ARROW_ERRORS as error:
        if not is_damage(error):
            raise
        raise InputError(
            f"{url} is no Parquet file, or damaged ({first_words(error)}); fetch or write it again"
        ) from error
    return ParquetFile(reader, schema, counts)


def is_damage(error: Exception) -> bool:
    """Whether Arrow complains of what it has read, and not the disk, network or memory.

    Arrow raises plain OSErrors without a number for pages that it cannot decode.
    """
    if isinstance(error, OSError):
        return type(error) is OSError and error.errno is None
    return not isinstance(error, MemoryError)


def _check(counts: tuple[int, ...], rows: int, names: list[str]) -> None:
    """Refuse a footer that contradicts itself; `names` have been decoded for this.

    Raises:
        ValueError: see above.
    """
    if sum(counts) != rows or min(counts, default=0) < 0:
        raise ValueError("its footer contradicts itself")
    if len(set(names)) < len(names):
        raise ValueError("two of its columns have one name")
