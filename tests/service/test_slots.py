"""The slots of devices, as networks come."""

import asyncio
import threading
from dataclasses import dataclass
from typing import Any, cast

from engine.runners.runner import Runner
from service.slots import STAGED, DeviceSlots, Slots

SECONDS = 30


@dataclass(frozen=True)
class Network:
    device: str
    callers: int


def of(devices: DeviceSlots, device: str, callers: int) -> Slots:
    return devices.of(cast("Runner", Network(device, callers)))


def test_devices_that_share_their_cores_share_their_slots() -> None:
    async def ask() -> None:
        async with DeviceSlots() as devices:
            assert of(devices, "cpu", 2) is of(devices, "openvino", 2)
            assert of(devices, "cuda:0", 2) is not of(devices, "cpu", 2)
            assert of(devices, "cuda:0", 2) is not of(devices, "cuda:1", 2)

    asyncio.run(ask())


def test_a_network_with_more_callers_gets_as_many_threads_and_one_with_fewer_takes_none() -> None:
    async def ask() -> None:
        async with DeviceSlots() as devices:
            slots = of(devices, "cpu", 1)
            of(devices, "cpu", 3)
            of(devices, "cpu", 2)
            together = threading.Barrier(3)
            loop = asyncio.get_running_loop()
            waits = [loop.run_in_executor(slots.threads, together.wait, SECONDS) for _ in range(3)]
            assert sorted(await asyncio.gather(*waits)) == [0, 1, 2]
            assert most_at_a_time(slots) == 3 * STAGED

    asyncio.run(ask())


def most_at_a_time(slots: Slots) -> int:
    """Runs that the scheduler deals out: its own word for it."""
    inner: Any = slots.scheduler
    return inner._slots.count


def test_what_runs_when_a_larger_network_comes_is_finished() -> None:
    async def ask() -> None:
        async with DeviceSlots() as devices:
            slots = of(devices, "cpu", 1)
            go = threading.Event()
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(slots.threads, go.wait, SECONDS)
            waiting = loop.run_in_executor(slots.threads, lambda: "done")
            of(devices, "cpu", 2)
            later = await loop.run_in_executor(slots.threads, lambda: "not held up")
            assert later == "not held up"
            go.set()
            assert await running
            assert await waiting == "done"

    asyncio.run(ask())
