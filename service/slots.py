"""The slots of the devices: who may run a network now, and the threads that do it."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass

from engine.batching.scheduler import Scheduler
from engine.runners.runner import Runner

STAGED = 2
"""Batches that are dealt out for each thread: one runs, one is at hand when it ends. Without it a
thread waits for the event loop after each: EfficientNet-Lite0 on two cores answered 84 to 87 JPEGs
a second instead of 89 to 95 (beside other work, so a hint and no more)."""


@dataclass(frozen=True, slots=True)
class Slots:
    """One device's threads, and the scheduler that deals batches out to them."""

    scheduler: Scheduler
    threads: ThreadPoolExecutor

    @property
    def alone(self) -> bool:
        """Whether nothing else runs or is at hand; asked from the thread that runs."""
        return self.scheduler.busy <= 1


def device_group(device: str) -> str:
    """Devices that share their cores share their slots: `cpu` and `openvino`; a GPU is its own."""
    return "processor" if device in ("cpu", "openvino") else device


async def open_slots(runners: Iterable[Runner], stack: AsyncExitStack) -> dict[str, Slots]:
    """Slots by the group of devices; the stack closes them, once what waits is answered.

    Args:
        runners: every network that is served.
        stack: what is closed at the end.
    """
    callers: dict[str, int] = {}
    for runner in runners:
        group = device_group(runner.device)
        callers[group] = max(runner.callers, callers.get(group, 1))
    slots: dict[str, Slots] = {}
    for group, count in callers.items():
        threads = stack.enter_context(ThreadPoolExecutor(count, f"slot-{group}"))
        scheduler = await stack.enter_async_context(Scheduler(STAGED * count))
        slots[group] = Slots(scheduler, threads)
    return slots
