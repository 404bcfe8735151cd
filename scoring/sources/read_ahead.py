"""Reading ahead: several readers, results in order, memory bounded in bytes."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from scoring.sources.picture import Picture

Thing = TypeVar("Thing")

READERS = 8
"""Requests to an object store take 10 to 100 ms whatever their size; a disk needs one or two."""

MAX_AHEAD_BYTES = 64_000_000


def read_ahead(
    items: Iterable[Thing],
    read: Callable[[Thing], Picture],
    size_bytes: Callable[[Thing], int],
    *,
    readers: int = READERS,
    max_bytes: int = MAX_AHEAD_BYTES,
) -> Generator[Picture]:
    """Read `items` in threads and yield the pictures in their order.

    Args:
        items: what is to be read; taken as the readers get to it.
        read: reads one; it is called from several threads, and what it raises is raised here.
        size_bytes: what `read` will return at most, in bytes; called in the same thread before it.
        readers: threads.
        max_bytes: what is read or being read and not yet yielded; one picture may be larger.
    """
    budget = _Budget(max_bytes)

    def task(ticket: int, item: Thing) -> tuple[Picture, int]:
        try:
            size = size_bytes(item)
        except BaseException:
            budget.take(ticket, 0)  # those behind it wait for its turn
            raise
        budget.take(ticket, size)
        return read(item), size

    waiting: deque[Future[tuple[Picture, int]]] = deque()
    pool = ThreadPoolExecutor(readers, thread_name_prefix="reader")
    try:
        numbered = enumerate(items)
        for ticket, item in islice(numbered, 2 * readers):
            waiting.append(pool.submit(task, ticket, item))
        while waiting:
            picture, size = waiting.popleft().result()
            for ticket, item in islice(numbered, 1):
                waiting.append(pool.submit(task, ticket, item))
            yield picture
            del picture
            budget.give(size)
    finally:
        budget.close()
        pool.shutdown(cancel_futures=True)


class _Budget:
    """Bytes that may be in memory. They are given out in the order of the tickets.

    So whoever is first in the output is never behind one that comes later, and the reading cannot
    lock up.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._taken = 0
        self._next_ticket = 0
        self._closed = False
        self._changed = threading.Condition()

    def take(self, ticket: int, size: int) -> None:
        """Wait for `size` bytes; more than there are in all is given when nothing else is taken."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._may_take(ticket, size))
            self._next_ticket = max(self._next_ticket, ticket + 1)
            self._taken += size
            self._changed.notify_all()

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._changed:
            self._taken -= size
            self._changed.notify_all()

    def close(self) -> None:
        """Let everybody through: nobody takes what they read any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _may_take(self, ticket: int, size: int) -> bool:
        """Whether it is this ticket's turn and there is room."""
        if ticket != self._next_ticket:
            return False
        return self._taken == 0 or self._taken + size <= self._max_bytes
