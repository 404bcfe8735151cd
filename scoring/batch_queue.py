"""What is read and waits for a thread that decodes it: bounded in batches and in bytes."""

import threading
from collections import deque
from dataclasses import dataclass

from scoring.open_shard import OpenShard
from scoring.sources.picture import Picture

MAX_WAITING_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Work:
    """One fixed batch of a shard.

    Args:
        shard: that it belongs to.
        number: of the batch in its shard: 0, 1, 2 …
        pictures: in their order.
    """

    shard: OpenShard
    number: int
    pictures: list[Picture]

    @property
    def size_bytes(self) -> int:
        """Of the encoded pictures."""
        return sum(len(picture.data) for picture in self.pictures if picture.data is not None)


class BatchQueue:
    """From the one who reads to those who score; first in, first out."""

    def __init__(self, max_batches: int, max_bytes: int = MAX_WAITING_BYTES) -> None:
        """Hold nothing yet.

        Args:
            max_batches: that wait at most.
            max_bytes: that they hold at most; one batch may be larger, if it waits alone.
        """
        self._max_batches = max_batches
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[Work, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, work: Work) -> bool:
        """Wait for room; False where nobody takes it any more."""
        size = work.size_bytes
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(size))
            if self._closed:
                return False
            self._waiting.append((work, size))
            self._bytes += size
            self._changed.notify_all()
        return True

    def take(self) -> Work | None:
        """Wait for the next; None where none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            work, size = self._waiting.popleft()
            self._bytes -= size
            self._changed.notify_all()
        return work

    def close(self) -> None:
        """Nothing more will be put; what waits is still handed out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Close, and drop what waits."""
        with self._changed:
            self._waiting.clear()
            self._bytes = 0
            self._closed = True
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        """Whether one more fits."""
        if not self._waiting:
            return True
        return len(self._waiting) < self._max_batches and self._bytes + size <= self._max_bytes
