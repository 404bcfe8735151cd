"""A network that takes simulated time, remembers its runs and objects to whatever may not be."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.batching.batcher import Batcher
from engine.batching.curve import ServiceCurve
from engine.batching.scheduler import Scheduler
from engine.errors import DeviceMemoryError
from tests.engine.batching.simulated import clock

LINEAR = {1: 0.010, 2: 0.020, 4: 0.040, 8: 0.080}
"""A CPU: an image costs the same in every batch."""

NEARLY_FREE = {1: 0.010, 2: 0.011, 4: 0.012, 8: 0.016, 16: 0.026, 32: 0.050}
"""A GPU: a batch costs little more than an image."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A payload: who sent it, how large it is, and until when it may begin to run."""

    name: str
    images: int = 1
    poisoned: bool = False
    deadline: float = float("inf")


class PoisonedError(Exception):
    """What a poisoned picture raises."""


@dataclass(slots=True)
class Seen:
    """One run."""

    started: float
    ended: float
    pictures: tuple[Picture, ...]
    failed: bool

    @property
    def images(self) -> int:
        return sum(picture.images for picture in self.pictures)


@dataclass(slots=True)
class Network:
    """Answers every picture with its own name, after as long as its curve says times `pace`."""

    scheduler: Scheduler
    slots: int
    measured: Mapping[int, float] = field(default_factory=lambda: LINEAR)
    pace: Callable[[], float] = lambda: 1.0
    memory_images: int = 1000
    cancelled: bool = False
    forgetful: bool = False
    runs: list[Seen] = field(default_factory=list[Seen])
    active: int = 0
    wrongs: list[str] = field(default_factory=list[str])
    succeeded: Counter[str] = field(default_factory=Counter[str])
    batcher: Batcher[Picture, str] = field(init=False)
    max_batch: int = 0
    max_queue: int = 0

    def join(
        self, max_batch: int = 8, max_queue: int = 1000, max_wait_seconds: float = 0.0
    ) -> "Network":
        """Get a batcher."""
        self.max_batch, self.max_queue = max_batch, max_queue
        self.batcher = self.scheduler.batcher(
            self.run,
            ServiceCurve(self.measured),
            max_batch=max_batch,
            max_queue=max_queue,
            max_wait_seconds=max_wait_seconds,
        )
        return self

    async def run(self, pictures: Sequence[Picture]) -> Sequence[str]:
        """One run."""
        images = sum(picture.images for picture in pictures)
        started = clock()
        self._check(pictures, images, started)
        self.active += 1
        seconds = ServiceCurve(self.measured).measured_seconds(images) * self.pace()
        await asyncio.sleep(seconds)
        self.active -= 1
        if self.cancelled:
            raise asyncio.CancelledError
        poisoned = [picture.name for picture in pictures if picture.poisoned]
        failed = bool(poisoned) or images > self.memory_images
        self.runs.append(Seen(started, clock(), tuple(pictures), failed))
        if images > self.memory_images:
            raise DeviceMemoryError(f"no memory for {images} images")
        if poisoned:
            raise PoisonedError(", ".join(poisoned))
        self.succeeded.update(picture.name for picture in pictures)
        return [] if self.forgetful else [picture.name for picture in pictures]

    def _check(self, pictures: Sequence[Picture], images: int, now: float) -> None:
        """Noted, since what a run raises is its payloads' error and no failure of the test."""
        allowed = {
            "an empty run": bool(pictures),
            "more busy than slots": self.scheduler.busy <= self.slots,
            "more runs than slots": self.active < self.slots,
            "beyond max_batch": images <= self.batcher.max_batch or len(pictures) == 1,
            "beyond the largest batch": images <= self.max_batch,
            "beyond max_queue": self.batcher.queued <= self.max_queue,
            "too late": all(picture.deadline > now for picture in pictures),
        }
        self.wrongs += [f"{wrong}, at {now}" for wrong, right in allowed.items() if not right]
