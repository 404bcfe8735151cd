"""The parts of an output: one Parquet file a shard, committed whole, counted at the end."""

import re
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq

from scoring.errors import OutputError
from scoring.outputs.output import Output
from scoring.parquet import encode
from scoring.shards import Shard

READERS = 16
"""Parts that are opened at once: in an object store each is a few requests of 50 ms or so."""

_NAME = re.compile(r"part-([0-9]{6,})\.parquet")


def commit_part(output: Output, shard: Shard, table: pa.Table) -> bool:
    """Encode a shard's rows and commit them; harmless where they are there already.

    Args:
        output: of the job, in whichever process.
        shard: whose rows they are.
        table: one row a picture, in order.

    Returns:
        Whether it was this call that put them there.

    Raises:
        OutputError: they cannot be written; nothing is there then.
    """
    ids = table.column("id")
    if table.num_rows != shard.count or ids[0].as_py() != shard.first_id:
        raise ValueError(
            f"{shard.file}: expected {shard.count} rows from id {shard.first_id} on, received "
            f"{table.num_rows}"
        )
    return output.commit(shard.file, encode(table))


def part_index(name: str) -> int | None:
    """The index of the shard whose part has this name; None of any other name."""
    found = _NAME.fullmatch(name)
    return None if found is None else int(found[1])


def part_indices(names: Iterable[str]) -> set[int]:
    """The shards that have their part."""
    return {index for index in map(part_index, names) if index is not None}


def count_errors(output: Output, shards: Iterable[tuple[int, int]]) -> Counter[str | None]:
    """Count the pictures of all parts by their error code; those that were scored have None.

    Args:
        output: of the job.
        shards: (index, pictures) of each.

    Raises:
        OutputError: a part is missing or damaged.
    """
    total: Counter[str | None] = Counter()

    def count(shard: tuple[int, int]) -> Counter[str | None]:
        return _count(output, *shard)

    with ThreadPoolExecutor(READERS, thread_name_prefix="count") as pool:
        for counts in pool.map(count, shards):
            total += counts
    return total


def _count(output: Output, index: int, pictures: int) -> Counter[str | None]:
    """The same of one part; its footer and one column are read."""
    name = Shard(index, 0, pictures, "files").file
    with output.open(name) as stream:
        try:
            with pq.ParquetFile(stream) as part:
                codes = part.read(["error_code"], use_threads=False).column("error_code")
        except pa.ArrowException as error:
            raise _damaged(output, name) from error
    counts = Counter[str | None]()
    for entry in codes.value_counts().to_pylist():
        counts[entry["values"]] = entry["counts"]
    if counts.total() != pictures:
        raise _damaged(output, name)
    return counts


def _damaged(output: Output, name: str) -> OutputError:
    """Somebody else wrote there, or the disk lost it."""
    return OutputError(
        f"{name} in {output.location} is damaged; remove it and run the same command again: its "
        "pictures are scored once more"
    )
