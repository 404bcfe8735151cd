"""The slots of one device, and the batchers of all models on it."""

import asyncio
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from engine.batching.batcher import Batcher
from engine.batching.curve import ServiceCurve
from engine.batching.execution import Run
from engine.batching.outcome import R
from engine.batching.request import T
from engine.batching.slots import Slots


class Scheduler:
    """Shares `slots` runs at a time fairly among its batchers; an async context manager.

    Each model that has something waiting gets the same slot seconds, however much it sends, and
    what one does not use goes to the others.
    """

    def __init__(self, slots: int, *, clock: Callable[[], float] = monotonic) -> None:
        """Prepare; nothing runs before something is submitted to a batcher.

        Args:
            slots: runs at a time at most.
            clock: seconds; the tests pass a simulated one.

        Raises:
            ValueError: fewer than one slot.
        """
        if slots < 1:
            raise ValueError(f"a scheduler needs at least 1 slot, got {slots}")
        self._slots = Slots(slots, clock)
        self._batchers: WeakSet[Batcher[Any, Any]] = WeakSet()

    @property
    def busy(self) -> int:
        """Slots at work now; may be read from any thread."""
        return self._slots.busy

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every batcher; see there."""
        await asyncio.gather(*(batcher.close() for batcher in list(self._batchers)))

    def grow(self, slots: int) -> None:
        """Run so many at a time at most, if that is more than before."""
        if slots > self._slots.count:
            self._slots.count = slots
            self._slots.notice()

    def batcher(
        self,
        run: Run[T, R],
        curve: ServiceCurve,
        *,
        max_batch: int,
        max_queue: int,
        max_wait_seconds: float = 0.0,
    ) -> Batcher[T, R]:
        """A model's batcher on these slots.

        Args:
            run: payloads → one result each, in order. When it raises, the batch as a whole failed
                and is halved until the culprit stands alone; `DeviceMemoryError`: and batches
                are at most half as large from then on. Two or more calls run at a time.
            curve: what a run costs.
            max_batch: images of a run at most.
            max_queue: images that may wait at most.
            max_wait_seconds: a batch is held open so long, until it has as many images as make
                one cheap (`curve.best`); no longer than its deadlines allow.
        """
        batcher = Batcher(
            self._slots,
            run,
            curve,
            max_batch=max_batch,
            max_queue=max_queue,
            max_wait_seconds=max_wait_seconds,
        )
        self._batchers.add(batcher)
        return batcher
