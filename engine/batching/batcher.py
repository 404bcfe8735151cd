"""One model's batcher: requests in, outcomes out."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Generic

from engine.batching.admission import Admission, Reason
from engine.batching.curve import ServiceCurve
from engine.batching.execution import Execution, Run
from engine.batching.flow import ModelFlow
from engine.batching.outcome import Outcome, R
from engine.batching.request import Entry, Request, T
from engine.batching.slots import Slots
from engine.errors import DeadlineExceededError

MIN_MARGIN = 0.3
"""Of a wait, where runs stray less. Without it the first that strays pulls all down. At twice the
load of a processor 2.1 % of the accepted came too late with 0.2, 1.2 % with this, 0.2 % with 0.4,
and as many in time with each: the queue is long enough anyway. But the wider it is, the sooner is
refused who has little time."""


class Batcher(Generic[T, R]):
    """Batches `run` over concurrent requests; made by `Scheduler.batcher`."""

    def __init__(
        self,
        slots: Slots,
        run: Run[T, R],
        curve: ServiceCurve,
        *,
        max_batch: int,
        max_queue: int,
        max_wait_seconds: float,
    ) -> None:
        self.curve = curve
        self._slots = slots
        self._largest = max_batch
        self._execution = Execution(run, curve, max_batch, slots.time)
        self._flow = ModelFlow(
            slots, curve, self._execution, self._expire, max_wait_seconds=max_wait_seconds
        )
        self._admission = Admission(max_queue)
        self.closed = False

    @property
    def queued(self) -> int:
        """Images that wait now."""
        return self._flow.queued

    @property
    def max_batch(self) -> int:
        """Images of a run at most; less than asked for where the device's memory did not do."""
        return self._execution.max_batch

    @property
    def rejected(self) -> Mapping[Reason, int]:
        """Requests that got no answer, by reason."""
        return self._admission.rejected

    @property
    def wait_seconds(self) -> float:
        """Until a run would begin of one image that came now."""
        ahead = self._flow.queue.ahead_of(1, self.max_batch)
        return self._flow.wait_seconds(ahead, self.curve.pace, self._slots.time())

    async def submit(
        self,
        payloads: Sequence[T],
        *,
        sizes: Sequence[int] | None = None,
        timeout_seconds: float,
    ) -> list[Outcome[R]]:
        """Wait for what becomes of one request's payloads, in their order.

        Cancelled, it leaves the queue at once; what already runs is computed and dropped.

        Args:
            payloads: may go in different runs; none is split.
            sizes: images of each payload, at most the `max_batch` first asked for; default 1.
            timeout_seconds: from now.

        Raises:
            QueueFullError: no room; none was taken.
            DeadlineUnreachableError: no answer in time to be expected; none was taken.
            DeadlineExceededError: it was taken, and there was no answer in time.
            RuntimeError: the batcher was closed.
        """
        if self.closed:
            raise RuntimeError("the batcher was closed; no request may be submitted to it")
        counts = self._check(payloads, sizes)
        if not counts:
            return []
        loop = asyncio.get_running_loop()
        now = self._slots.time()
        if timeout_seconds <= 0:
            raise self._expired(timeout_seconds)
        probe = not self._flow.queued and not self._flow.running
        self._admit(sum(counts), timeout_seconds, now, probe=probe)
        request: Request[R] = Request(
            loop.create_future(), len(counts), now, now + timeout_seconds, probe
        )
        entries = [Entry(request, i, payloads[i], images) for i, images in enumerate(counts)]
        if not self._flow.queued:
            self._slots.enter(self._flow)
        self._flow.queue.add(entries, self.max_batch)
        timer = loop.call_later(timeout_seconds, self._expire, request)
        self._slots.notice()
        try:
            return await request.answer
        finally:
            timer.cancel()
            while entries:
                self._flow.queue.discard(entries.pop())
            # Its answer's exception holds this frame: with it, this frame would hold the exception,
            # and both the pictures and the network until the collector comes by.
            del request, timer

    async def close(self) -> None:
        """Take nothing more, answer what waits, leave the slots to the others and the run alone."""
        self.closed = True
        self._flow.held = False
        while self._flow.queued or self._flow.running:
            self._slots.dispatch()
            await self._slots.one_ends()
        if self._flow in self._slots.flows:
            self._slots.flows.remove(self._flow)
        self._execution.close()

    def _check(self, payloads: Sequence[T], sizes: Sequence[int] | None) -> Sequence[int]:
        """Images of each payload."""
        if sizes is None:
            return [1] * len(payloads)
        if len(sizes) != len(payloads) or not all(1 <= n <= self._largest for n in sizes):
            raise ValueError(
                f"expected a size from 1 to {self._largest} for each of {len(payloads)} payloads, "
                f"received {list(sizes)}; split larger payloads"
            )
        return sizes

    def _admit(self, images: int, timeout_seconds: float, now: float, *, probe: bool) -> None:
        """Refuse a request for which there is no room or no time.

        Its last run is taken to be as long as a full one where others wait too: who is let in
        with no more time than a run of his own forces small batches on all, when they cost most.
        """
        curve, best = self.curve, self._execution.best
        queue = self._flow.queue
        per_image = curve.seconds(best) / best / self._slots.count
        self._admission.check_room(images, queue.images, per_image)
        pace = min(curve.pace, 1.0) if probe else curve.pace * (1 + max(curve.spread, MIN_MARGIN))
        total = queue.ahead_of(images, self.max_batch) + images
        last = min(best, total)
        own_seconds = curve.measured_seconds(last) * pace
        wait_seconds = self._flow.wait_seconds(total - last, pace, now)
        self._admission.check_deadline(wait_seconds + own_seconds, timeout_seconds, own_seconds)

    def _expire(self, request: Request[R]) -> None:
        """The deadline passed, or cannot be kept any more."""
        if not request.answer.done():
            request.fail(self._expired(request.deadline - request.queued_at))

    def _expired(self, timeout_seconds: float) -> DeadlineExceededError:
        self._admission.rejected["expired"] += 1
        return DeadlineExceededError(f"no answer within {timeout_seconds * 1000:.0f} ms")
