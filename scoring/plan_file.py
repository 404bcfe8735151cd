"""`_plan.arrow`: every shard of a job, written before the first one is scored.

An Arrow file of small record batches, so that neither writing nor reading holds more than a few
thousand pictures in memory. A run that continues reads it and never lists the input again.
"""

import errno
import mmap
import tempfile
from collections.abc import Container, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import pyarrow as pa
from pyarrow import ipc

from scoring.errors import OutputError
from scoring.job_file import Planned
from scoring.outputs.output import Output
from scoring.shards import Item, Shard

PLAN = "_plan.arrow"
BATCH_ITEMS = 8192
BATCH_SHARDS = 1024

_ITEM = pa.struct(
    [
        pa.field("source", pa.string()),
        pa.field("path", pa.string()),  # null where it is the source
        pa.field("offset", pa.int64()),
        pa.field("size", pa.int64()),
        pa.field("expected", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        pa.field("index", pa.int64()),
        pa.field("first_id", pa.int64()),
        pa.field("count", pa.int64()),
        pa.field("kind", pa.string()),
        pa.field("path", pa.string()),
        pa.field("items", pa.list_(_ITEM)),
        pa.field("row_groups", pa.list_(pa.int32())),
    ],
    {"cutaway.schema_version": "1"},
)


@contextmanager
def written_plan(shards: Iterable[Shard]) -> Generator[tuple[Planned, memoryview]]:
    """Write a plan into a temporary file; how much it is, and the file's bytes.

    The bytes are mapped, not read: a plan of any size takes no memory.

    Raises:
        OutputError: the disk for temporary files is full.
    """
    with tempfile.TemporaryFile(prefix="cutaway-plan-") as file:
        try:
            planned = _write(shards, file)
            file.flush()
        except OSError as error:
            with suppress(OSError):  # it tries once more to write what is left
                file.close()
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise OutputError(
                f"the disk for temporary files is full ({tempfile.gettempdir()}); free some "
                "space, or name another folder in TMPDIR"
            ) from error
        with (
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as data,
        ):
            yield planned, data


def read_counts(output: Output) -> Iterator[tuple[int, int]]:
    """(index, pictures) of every shard of the plan, in order.

    Raises:
        OutputError: it cannot be read.
    """
    for batch in _read(output):
        indices, counts = batch.column("index"), batch.column("count")
        yield from zip(indices.to_pylist(), counts.to_pylist(), strict=True)


def read_plan(output: Output, *, without: Container[int] = ()) -> Iterator[Shard]:
    """The shards of the plan, in order.

    Args:
        output: of the job.
        without: indices of those that are left out.

    Raises:
        OutputError: it cannot be read.
    """
    for batch in _read(output):
        for row, index in enumerate(batch.column("index").to_pylist()):
            if index not in without:
                yield _shard(batch.slice(row, 1).to_pylist()[0])


def _read(output: Output) -> Iterator[pa.RecordBatch]:
    """The plan's batches, one at a time in memory."""
    with output.open(PLAN) as stream:
        try:
            with ipc.open_file(pa.PythonFile(stream, "r")) as reader:
                for number in range(reader.num_record_batches):
                    yield reader.get_batch(number)
        except pa.ArrowException as error:
            raise OutputError(
                f"{PLAN} in {output.location} is damaged; its parts cannot be completed: use "
                "another OUTPUT"
            ) from error


def _write(shards: Iterable[Shard], file: IO[bytes]) -> Planned:
    """Write the plan into an open file."""
    count = pictures = 0
    with ipc.new_file(file, SCHEMA, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        for batch in _batches(shards):
            writer.write_batch(pa.RecordBatch.from_pylist([_row(s) for s in batch], schema=SCHEMA))
            count += len(batch)
            pictures += sum(shard.count for shard in batch)
    return Planned(shards=count, pictures=pictures)


def _batches(shards: Iterable[Shard]) -> Iterator[list[Shard]]:
    """As many shards as one record batch holds."""
    batch: list[Shard] = []
    items = 0
    for shard in shards:
        batch.append(shard)
        items += len(shard.items)
        if items >= BATCH_ITEMS or len(batch) == BATCH_SHARDS:
            yield batch
            batch, items = [], 0
    if batch:
        yield batch


def _row(shard: Shard) -> dict[str, Any]:
    """A shard as a row."""
    return {
        "index": shard.index,
        "first_id": shard.first_id,
        "count": shard.count,
        "kind": shard.kind,
        "path": shard.path,
        "items": [
            {
                "source": item.source,
                "path": None if item.path == item.source else item.path,
                "offset": item.offset,
                "size": item.size,
                "expected": item.expected,
            }
            for item in shard.items
        ],
        "row_groups": shard.row_groups,
    }


def _shard(row: dict[str, Any]) -> Shard:
    """A row as a shard."""
    return Shard(
        row["index"],
        row["first_id"],
        row["count"],
        row["kind"],
        row["path"],
        tuple(_item(**item) for item in row["items"]),
        tuple(row["row_groups"]),
    )


def _item(*, source: str, path: str | None, **rest: Any) -> Item:
    """A part of it as an item."""
    return Item(source, source if path is None else path, **rest)
