"""The slots of the devices: who may run a network now, and the threads that do it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from engine.batching.scheduler import Scheduler
from engine.runners.runner import Runner

STAGED = 2
"""Batches that are dealt out for each thread: one runs, one is at hand when it ends. Without it a
thread waits for the event loop after each: EfficientNet-Lite0 on two cores answered 0.92 × as many
JPEGs, and as many arrays (medians of ten rounds in turn, on a quiet machine)."""


class Slots:
    """One device's threads, and the scheduler that deals batches out to them."""

    def __init__(self, group: str, callers: int) -> None:
        """Threads for so many callers; none starts before it is used."""
        self._group = group
        self._callers = callers
        self.threads = ThreadPoolExecutor(callers, f"slot-{group}")
        self.scheduler = Scheduler(STAGED * callers)

    @property
    def alone(self) -> bool:
        """Whether nothing else runs or is at hand; asked from the thread that runs."""
        return self.scheduler.busy <= 1

    def grow(self, callers: int) -> None:
        """Take a network that has more callers; the threads of before end what they have."""
        if callers <= self._callers:
            return
        self._callers = callers
        self.threads.shutdown(wait=False)
        self.threads = ThreadPoolExecutor(callers, f"slot-{self._group}")
        self.scheduler.grow(STAGED * callers)

    async def close(self) -> None:
        """Answer what waits, and end the threads."""
        await self.scheduler.close()
        self.threads.shutdown()


class DeviceSlots:
    """The slots of every device that is in use; an async context manager, which closes them."""

    def __init__(self) -> None:
        self._groups: dict[str, Slots] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(slots.close() for slots in self._groups.values()))

    def of(self, runner: Runner) -> Slots:
        """The slots of a network's device, with room for all its callers."""
        group = device_group(runner.device)
        slots = self._groups.get(group)
        if slots is None:
            slots = self._groups[group] = Slots(group, max(1, runner.callers))
        slots.grow(runner.callers)
        return slots


def device_group(device: str) -> str:
    """Devices that share their cores share their slots: `cpu` and `openvino`; a GPU is its own."""
    return "processor" if device in ("cpu", "openvino") else device
