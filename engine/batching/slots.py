"""The slots of one device, shared fairly: start-time fair queueing by consumed slot seconds."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Work:
    """A batch to run: what it should take, and the coroutine that runs it."""

    seconds: float
    answer: Coroutine[Any, Any, None]


class Flow(Protocol):
    """A model's batcher, as the slots see it.

    `virtual_seconds` are the slot seconds that it had, counted from where the others stood when
    it began to wait: the flow that had the least comes next.
    """

    virtual_seconds: float

    @property
    def queued(self) -> int:
        """Images that wait."""
        ...

    def rival_seconds(self, work: float) -> float:
        """Slot seconds that it may have before another flow has had `work` of them."""
        ...

    def ready_at(self, now: float) -> float:
        """When its next batch may go; asked only while something waits."""
        ...

    def take(self, now: float, free_slots: int) -> Work | None:
        """The next batch, out of the queue; None where everything that waited was too late."""
        ...


@dataclass(slots=True, eq=False)
class Running:
    """A slot at work."""

    started: float
    seconds: float

    def remaining_seconds(self, now: float) -> float:
        """A run that is overdue is expected to take as long again as it is overdue."""
        return abs(self.started + self.seconds - now)


class Slots:
    """At most `count` runs at a time, of the flows in `flows`."""

    def __init__(self, count: int, clock: Callable[[], float]) -> None:
        """Prepare.

        Args:
            count: runs at a time at most.
            clock: seconds, from any point on. Not the loop's: uvloop's stands still in between.
        """
        self.count = count
        self.time = clock
        self.busy = 0
        self.flows: list[Flow] = []
        self.running: set[Running] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self._virtual_seconds = 0.0  # where the flow stood that was served last
        self._soon: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None

    def enter(self, flow: Flow) -> None:
        """Something came to a flow that had nothing waiting: what it did not use is gone."""
        flow.virtual_seconds = max(flow.virtual_seconds, self._virtual_seconds)

    def notice(self) -> None:
        """Something came: look once per turn of the loop, so that what comes together is seen."""
        if self.busy < self.count and self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self.dispatch)

    def dispatch(self) -> None:
        """Fill the free slots."""
        self._soon = None
        loop = asyncio.get_running_loop()
        now = self.time()
        while self.busy < self.count:
            waiting = [(flow.ready_at(now), flow) for flow in self.flows if flow.queued]
            ready = [flow for ready_at, flow in waiting if ready_at <= now]
            if not ready:
                self._wake(loop, min((ready_at - now for ready_at, _ in waiting), default=None))
                return
            flow = min(ready, key=lambda flow: flow.virtual_seconds)
            work = flow.take(now, ceil((self.count - self.busy) / len(ready)))
            if work is not None:
                self._start(loop, flow, work, now)

    async def one_ends(self) -> None:
        """Wait for a run to end, or for the loop's next turn where none runs."""
        if self.tasks:
            await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(0)

    def free_in_seconds(self, now: float, work: float) -> float:
        """When a slot is free again, once so much `work` (slot seconds) was spread over them.

        The work is poured over the slots like water over steps: a slot that takes whatever comes
        next is never free later than the water's level.
        """
        level, rest = 0.0, work
        busy = sorted(running.remaining_seconds(now) for running in self.running)
        levels = [0.0] * (self.count - len(busy)) + busy
        for filled, higher in enumerate([*levels[1:], float("inf")], start=1):
            level = levels[filled - 1]
            if rest <= (higher - level) * filled:
                return level + rest / filled
            rest -= (higher - level) * filled
        return level

    def _wake(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> None:
        """Look again when a batch that is held open must go."""
        if self._later is not None:
            self._later.cancel()
        self._later = None if seconds is None else loop.call_later(seconds, self.dispatch)

    def _start(self, loop: asyncio.AbstractEventLoop, flow: Flow, work: Work, now: float) -> None:
        """Give a free slot to a batch."""
        self.busy += 1
        self._virtual_seconds = flow.virtual_seconds
        flow.virtual_seconds += work.seconds
        running = Running(now, work.seconds)
        self.running.add(running)
        task = loop.create_task(self._occupy(flow, work, running))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _occupy(self, flow: Flow, work: Work, running: Running) -> None:
        """Run it, charge what it really took, and fill the slot again."""
        try:
            await work.answer
        finally:
            taken = self.time() - running.started
            flow.virtual_seconds += taken - work.seconds
            self.running.discard(running)
            self.busy -= 1
            self.dispatch()
