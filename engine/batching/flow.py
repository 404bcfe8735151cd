"""One model's way from its queue to the slots: which entries go together, and when."""

from collections.abc import Callable
from typing import Generic

from engine.batching.curve import ServiceCurve
from engine.batching.execution import Execution
from engine.batching.outcome import R
from engine.batching.queue import Queue
from engine.batching.request import Entry, Request, T
from engine.batching.sizing import batch_size
from engine.batching.slots import Slots, Work


class ModelFlow(Generic[T, R]):
    """A `slots.Flow`: makes batches of what waits in `queue`."""

    def __init__(
        self,
        slots: Slots,
        curve: ServiceCurve,
        execution: Execution[T, R],
        expire: Callable[[Request[R]], None],
        *,
        max_wait_seconds: float,
    ) -> None:
        """Join the slots.

        Args:
            slots: shared with other models.
            curve: what a run costs.
            execution: runs a batch.
            expire: ends a request whose deadline passed or cannot be kept any more.
            max_wait_seconds: a batch is held open so long for more images.
        """
        self.virtual_seconds = 0.0
        self.queue: Queue[T, R] = Queue()
        self.running = 0
        self.held = max_wait_seconds > 0
        self._max_wait_seconds = max_wait_seconds
        self._slots = slots
        self._curve = curve
        self._execution = execution
        self._expire = expire
        slots.flows.append(self)

    @property
    def queued(self) -> int:
        """Images that wait."""
        return self.queue.images

    def work_seconds(self, images: int, pace: float) -> float:
        """Slot seconds of so many images."""
        return self._curve.measured_work_seconds(images, self._execution.best) * pace

    def rival_seconds(self, work: float) -> float:
        """Slot seconds that it may have before another flow has had `work` of them."""
        waiting = self.queue.images
        one_run = self._curve.seconds(min(self._execution.best, waiting))
        return min(self.work_seconds(waiting, self._curve.pace), work + one_run)

    def wait_seconds(self, images: int, pace: float, now: float) -> float:
        """Until a slot is free, after so many images of this model and the others' share."""
        work = self.work_seconds(images, pace)
        rivals = [flow for flow in self._slots.flows if flow is not self and flow.queued]
        total = work + sum(rival.rival_seconds(work) for rival in rivals)
        return self._slots.free_in_seconds(now, total)

    def ready_at(self, now: float) -> float:
        """When the next batch may go: one that more images would not make cheaper, at once."""
        waiting = self.queue.images
        if not self.held or waiting >= self._execution.best:
            return now
        run_seconds = self._curve.seconds(waiting) * (1 + self._curve.spread)
        return min(
            min(
                entry.request.queued_at + self._max_wait_seconds,
                entry.request.deadline - run_seconds,
            )
            for entry in self.queue
        )

    def take(self, now: float, free_slots: int) -> Work | None:
        """The next batch, out of the queue; None where everything that waited was too late.

        No entry joins whose images would make the run too long for one that is already in it.
        """
        batch: list[Entry[T, R]] = []
        images, size, earliest = 0, 0, float("inf")
        while (entry := self.queue.head()) is not None:
            if not batch:
                size = self._size(free_slots)
            elif images >= size:
                break
            if self._too_late(entry, size, now):
                self.queue.discard(entry)
                self._expire(entry.request)
                continue
            together = images + entry.images
            earliest = min(earliest, entry.request.deadline)
            if batch and (together > size or now + self._curve.seconds(together) > earliest):
                break
            self.queue.pop(entry)
            batch.append(entry)
            images = together
        if not batch:
            return None
        self.running += 1
        lone = self._slots.count > 1 and not self._slots.busy
        return Work(self._curve.seconds(images), self._answer(batch, lone=lone))

    async def _answer(self, batch: list[Entry[T, R]], *, lone: bool) -> None:
        try:
            await self._execution.answer(batch, lone=lone)
        finally:
            self.running -= 1

    def _size(self, free_slots: int) -> int:
        """Images of the next run."""
        return batch_size(
            self._curve,
            self.queue.images,
            max_batch=self._execution.max_batch,
            free_slots=free_slots,
        )

    def _too_late(self, entry: Entry[T, R], size: int, now: float) -> bool:
        """Whether nobody waits for it, or it would not be answered in time if it ran now.

        Where even the last in line will miss its deadline, whoever has not the time for a run of
        the right size is given up: small runs are the dearest, and for each that is made for the
        sake of one image, several others come too late.
        """
        request = entry.request
        if request.answer.done():
            return True
        if request.probe:
            return False
        if now + self._curve.seconds(entry.images) > request.deadline:
            return True
        hurried = entry.images < size and now + self._curve.seconds(size) > request.deadline
        return hurried and self._pressing(now)

    def _pressing(self, now: float) -> bool:
        """Whether the last in line will miss its deadline."""
        work = self.work_seconds(self.queue.images, self._curve.pace)
        return now + work / self._slots.count > self.queue.last_deadline()
