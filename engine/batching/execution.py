"""Runs a batch to its end: every entry gets its own result or its own error."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NoReturn

from engine.batching.curve import ServiceCurve
from engine.batching.outcome import R
from engine.batching.request import Entry, T
from engine.errors import DeviceMemoryError

Run = Callable[[Sequence[T]], Awaitable[Sequence[R]]]
"""Payloads of one batch → one result each, in order; raises when the batch as a whole failed."""


class Execution(Generic[T, R]):
    """Runs batches of one model.

    `max_batch` images are what the device is known to take, `best` the smallest run within them
    that is as cheap per image as any.
    """

    def __init__(
        self, run: Run[T, R], curve: ServiceCurve, max_batch: int, clock: Callable[[], float]
    ) -> None:
        self._run = run
        self._curve = curve
        self._clock = clock
        self.max_batch = max_batch
        self.best = curve.cheapest(max_batch)

    def close(self) -> None:
        """Let go of what is run: batcher and flow know each other, and outlive their last user."""
        self._run = _closed

    async def answer(self, batch: list[Entry[T, R]], *, lone: bool) -> None:
        """Run a batch; one that fails is halved until the culprit stands alone.

        Args:
            batch: entries that wait no longer.
            lone: of several slots no other was busy when it was taken.
        """
        parts = [batch]
        try:
            while parts:
                part = parts[-1] = _alive(parts[-1], self._clock())
                if not part or (self._fits(part) and await self._attempt(part, lone=lone)):
                    parts.pop()
                else:
                    middle = len(part) // 2
                    parts[-1:] = [part[middle:], part[:middle]]
        except BaseException:
            for entry in (entry for part in parts for entry in part):
                entry.request.fail(RuntimeError("the run was cancelled; send the request again"))
            raise

    async def _attempt(self, part: list[Entry[T, R]], *, lone: bool) -> bool:
        """One run. False: it failed, and more than one payload was in it."""
        images = sum(entry.images for entry in part)
        started = self._clock()
        try:
            results = await self._run([entry.payload for entry in part])
            if len(results) != len(part):
                raise RuntimeError(
                    f"the run gave {len(results)} results for {len(part)} payloads; "
                    "expected one each"
                )
        except Exception as error:  # noqa: BLE001  whatever a run raises belongs to its payload
            if isinstance(error, DeviceMemoryError):
                self._shrink(images)
            if len(part) > 1:
                return False
            part[0].finish(error, started, self._clock(), images)
            return True
        ended = self._clock()
        self._observe(images, ended - started, lone=lone)
        for entry, result in zip(part, results, strict=True):
            entry.finish(result, started, ended, images)
        return True

    def _fits(self, part: list[Entry[T, R]]) -> bool:
        """Whether it is to be tried: `max_batch` may have shrunk; one payload cannot be split."""
        return len(part) == 1 or sum(entry.images for entry in part) <= self.max_batch

    def _shrink(self, images: int) -> None:
        """The device has not the memory for so many: half, as they were padded, may fit."""
        self.max_batch = min(self.max_batch, max(1, self._curve.padded(images) // 2))
        self.best = self._curve.cheapest(self.max_batch)

    def _observe(self, images: int, seconds: float, *, lone: bool) -> None:
        """Learn; but a run that had the machine to itself does not say how fast a busy one is."""
        if lone:
            least = self._curve.measured_seconds(images) * min(self._curve.pace, 1.0)
            seconds = max(seconds, least)
        self._curve.observe(images, seconds)


def _alive(part: list[Entry[T, R]], now: float) -> list[Entry[T, R]]:
    """Those for whom somebody still waits, and for whom it is not too late."""
    return [
        entry for entry in part if not entry.request.answer.done() and entry.request.deadline > now
    ]


async def _closed(payloads: Sequence[object]) -> NoReturn:
    raise RuntimeError(f"the batcher was closed; {len(payloads)} payloads come too late")
