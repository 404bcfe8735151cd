"""A shard whose batches are under way."""

import threading

import pyarrow as pa

from scoring.shards import Shard


class OpenShard:
    """Collects the rows of a shard's batches, which come in any order."""

    def __init__(self, shard: Shard, batch: int) -> None:
        """Expect all of its batches.

        Args:
            shard: the shard.
            batch: pictures of each of its batches; the last one has the rest.
        """
        self.shard = shard
        self._batches: list[pa.RecordBatch | None] = [None] * -(-shard.count // batch)
        self._left = len(self._batches)
        self._lock = threading.Lock()

    def add(self, number: int, rows: pa.RecordBatch) -> bool:
        """Take a batch's rows; whether they were the last that was missing."""
        with self._lock:
            self._batches[number] = rows
            self._left -= 1
            return self._left == 0

    def table(self) -> pa.Table:
        """All rows in their order, once all are there."""
        return pa.Table.from_batches(batch for batch in self._batches if batch is not None)
