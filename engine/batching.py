"""The batcher: pictures of many requests in one run of the network. Knows nothing of HTTP.

A request waits in a bounded queue; whenever a slot is free, what waits is run together, at once and
up to `max_batch` pictures. A batch that fails is halved until the picture at fault stands alone.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Self

import numpy as np

from engine.arrays import Pixels, Scores
from engine.errors import DeadlineExceededError, QueueFullError

Run = Callable[[Pixels], Scores]


@dataclass(frozen=True, slots=True)
class Answer:
    """Scores (batch, classes) of one request's pictures, and what they waited for.

    `batch_size` counts the pictures of the run, those of other requests included.
    """

    scores: Scores
    queue_ms: float
    inference_ms: float
    batch_size: int


@dataclass(slots=True, eq=False)
class _Item:
    """At most `max_batch` pictures of one request, waiting."""

    pixels: Pixels
    answer: asyncio.Future[Answer]
    queued_at: float = field(default_factory=perf_counter)


class Batcher:
    """Batches `run` over concurrent requests; use it as an async context manager."""

    def __init__(
        self, run: Run, *, max_batch: int = 8, max_queue: int = 256, slots: int = 1
    ) -> None:
        """Prepare; nothing runs before `start`.

        Args:
            run: (batch, height, width, channels) → (batch, classes); called in a thread.
            max_batch: pictures of one run at most.
            max_queue: pictures that may wait at most.
            slots: runs at a time.
        """
        self._run = run
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._slots = slots
        self._waiting: deque[_Item] = deque()
        self._arrived = asyncio.Event()
        self._stopping = False
        self._seconds_per_image = 0.0
        self._executor = ThreadPoolExecutor(slots, thread_name_prefix="inference")
        self._workers: list[asyncio.Task[None]] = []

    @property
    def queued(self) -> int:
        """Pictures that wait now."""
        return sum(len(item.pixels) for item in self._waiting)

    @property
    def wait_seconds(self) -> float:
        """What the pictures that wait now will take, by the last run's time; 0 before any run."""
        return self.queued * self._seconds_per_image / self._slots

    async def start(self) -> None:
        """Begin to take batches from the queue."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._slots)]

    async def stop(self) -> None:
        """Take no more requests, answer those that wait, and end."""
        self._stopping = True
        self._arrived.set()
        await asyncio.gather(*self._workers)
        await asyncio.to_thread(self._executor.shutdown)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def submit(self, pixels: Pixels, *, deadline_seconds: float = 10.0) -> Answer:
        """Wait for the scores of one request's pictures, in their order.

        Args:
            pixels: (batch, height, width, channels); more than `max_batch` go in several runs.
            deadline_seconds: from now.

        Raises:
            QueueFullError: the pictures do not fit into the queue; none was taken.
            DeadlineExceededError: no answer in time; what still waited left the queue.
            RuntimeError: the batcher was stopped.
        """
        if self._stopping:
            raise RuntimeError("the batcher was stopped; no request may be submitted to it")
        waiting = self.queued
        if waiting + len(pixels) > self._max_queue:
            raise QueueFullError(
                f"{waiting} pictures wait and {len(pixels)} more do not fit into the queue of "
                f"{self._max_queue}; try again later",
                retry_after_seconds=self.wait_seconds,
            )
        loop = asyncio.get_running_loop()
        items = [
            _Item(pixels[start : start + self._max_batch], loop.create_future())
            for start in range(0, len(pixels), self._max_batch)
        ]
        self._waiting.extend(items)
        self._arrived.set()
        try:
            async with asyncio.timeout(deadline_seconds):
                return _join(await asyncio.gather(*(item.answer for item in items)))
        except TimeoutError as error:
            raise DeadlineExceededError(
                f"no answer within {deadline_seconds * 1000:.0f} ms"
            ) from error
        finally:
            self._forget(items)

    def _forget(self, items: list[_Item]) -> None:
        """A request that ended early leaves the queue."""
        for item in items:
            if not item.answer.done():
                item.answer.cancel()
            if item in self._waiting:
                self._waiting.remove(item)

    async def _work(self) -> None:
        """One slot: take what waits, run it, again; ends with an empty queue once stopped."""
        while self._waiting or not self._stopping:
            if self._waiting:
                await self._answer(self._take())
            else:
                self._arrived.clear()
                await self._arrived.wait()

    def _take(self) -> list[_Item]:
        """The oldest items, whole, up to `max_batch` pictures."""
        batch = [self._waiting.popleft()]
        room = self._max_batch - len(batch[0].pixels)
        while self._waiting and len(self._waiting[0].pixels) <= room:
            batch.append(self._waiting.popleft())
            room -= len(batch[-1].pixels)
        return batch

    async def _answer(self, batch: list[_Item]) -> None:
        """Run a batch and hand each item its rows; a failing batch is halved."""
        batch = [item for item in batch if not item.answer.done()]
        if not batch:
            return
        loop = asyncio.get_running_loop()
        started = perf_counter()
        try:
            pixels = batch[0].pixels
            if batch[1:]:
                pixels = np.concatenate([item.pixels for item in batch])
            scores = await loop.run_in_executor(self._executor, self._run, pixels)
        except Exception as error:  # noqa: BLE001  whatever the network raised is its request's
            if not batch[1:]:
                _fail(batch[0], error)
                return
            await self._answer(batch[: len(batch) // 2])
            await self._answer(batch[len(batch) // 2 :])
            return
        elapsed = perf_counter() - started
        self._seconds_per_image = elapsed / len(pixels)
        first = 0
        for item in batch:
            rows = scores[first : first + len(item.pixels)]
            first += len(item.pixels)
            if not item.answer.done():
                waited = (started - item.queued_at) * 1000
                item.answer.set_result(Answer(rows, waited, elapsed * 1000, len(pixels)))


def _fail(item: _Item, error: Exception) -> None:
    """Give an item the error of its own run."""
    if not item.answer.done():
        item.answer.set_exception(error)


def _join(answers: list[Answer]) -> Answer:
    """One answer from a request's several runs: rows in order, the longest waits."""
    if len(answers) == 1:
        return answers[0]
    return Answer(
        np.concatenate([answer.scores for answer in answers]),
        max(answer.queue_ms for answer in answers),
        max(answer.inference_ms for answer in answers),
        max(answer.batch_size for answer in answers),
    )
