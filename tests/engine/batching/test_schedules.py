"""Random schedules on a simulated clock: whatever comes, nothing is lost, doubled or mixed up."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings

from engine.batching.outcome import Outcome
from engine.batching.scheduler import Scheduler
from engine.errors import DeadlineExceededError, DeviceMemoryError, QueueFullError
from tests.engine.batching.network import Network, Picture, PoisonedError
from tests.engine.batching.schedules import MAX_BATCH, SCHEDULE, Arrival, Schedule, draw_schedule
from tests.engine.batching.simulated import clock, simulate

SCHEDULES = int(os.environ.get("CUTAWAY_SCHEDULES", "2000"))


@dataclass(slots=True)
class Ended:
    """What became of a request."""

    arrival: Arrival
    pictures: list[Picture]
    result: list[Outcome[str]] | BaseException
    at: float
    due: float
    times: int = 1


@dataclass(slots=True)
class World:
    """A simulation of one schedule."""

    schedule: Schedule
    networks: list[Network] = field(default_factory=list[Network])
    ended: list[Ended] = field(default_factory=list[Ended])

    async def __call__(self) -> None:
        schedule = self.schedule
        async with Scheduler(schedule.slots, clock=clock) as scheduler:
            for measured in schedule.measured:
                network = Network(scheduler, schedule.slots, measured, self._pace())
                network.memory_images = schedule.memory_images
                network.join(MAX_BATCH, schedule.max_queue, schedule.max_wait_seconds)
                self.networks.append(network)
            tasks: list[asyncio.Task[None]] = []
            for number, arrival in enumerate(schedule.arrivals):
                await asyncio.sleep(arrival.gap)
                task = asyncio.create_task(self._send(number, arrival))
                if arrival.cancel_after is not None:
                    asyncio.get_running_loop().call_later(arrival.cancel_after, task.cancel)
                tasks.append(task)
            await asyncio.sleep(0)
        assert scheduler.busy == 0
        assert all(not network.batcher.queued for network in self.networks)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _pace(self) -> Callable[[], float]:
        turn = iter(range(10**9))
        return lambda: self.schedule.paces[next(turn) % len(self.schedule.paces)]

    async def _send(self, number: int, arrival: Arrival) -> None:
        due = clock() + arrival.timeout
        pictures = [
            Picture(f"{number}.{index}", images, index == arrival.poisoned, due)
            for index, images in enumerate(arrival.sizes)
        ]
        ended = Ended(arrival, pictures, RuntimeError("lost"), 0.0, due)
        self.ended.append(ended)
        batcher = self.networks[arrival.model].batcher
        try:
            ended.result = await batcher.submit(
                pictures, sizes=arrival.sizes, timeout_seconds=arrival.timeout
            )
        except BaseException as error:
            ended.result = error
            raise
        finally:
            ended.at = clock()


@settings(max_examples=SCHEDULES // 10, deadline=None, database=None)
@given(SCHEDULE)
def test_nothing_is_lost_doubled_or_mixed_up(schedule: Schedule) -> None:
    check_schedule(schedule)


@pytest.mark.parametrize("part", range(10))
def test_nor_in_thousands_of_longer_schedules(part: int) -> None:
    for seed in range(part * SCHEDULES // 10, (part + 1) * SCHEDULES // 10):
        try:
            check_schedule(draw_schedule(Random(seed)))  # noqa: S311  a schedule, no secret
        except BaseException as error:
            error.add_note(f"in the schedule of seed {seed}")
            raise


def check_schedule(schedule: Schedule) -> None:
    """Simulate it, and look at everything that happened."""
    world = World(schedule)
    simulate(world)
    runs = Counter(
        picture.name
        for network in world.networks
        for seen in network.runs
        if not seen.failed
        for picture in seen.pictures
    )
    assert max(runs.values(), default=0) <= 1, "a picture was run to success twice"
    assert not [network.wrongs for network in world.networks if network.wrongs]
    ran = {p.name for network in world.networks for seen in network.runs for p in seen.pictures}
    for ended in world.ended:
        check(ended, schedule, runs, ran)
        check_left(ended, world)


def check_left(ended: Ended, world: World) -> None:
    """Nothing of a request is run once it has ended."""
    mine = set(ended.pictures)
    for network in world.networks:
        for seen in network.runs:
            assert seen.started <= ended.at or not mine & set(seen.pictures)


def check(ended: Ended, schedule: Schedule, runs: Counter[str], ran: set[str]) -> None:
    """Every request ended in one of the ways in which it may."""
    result, arrival = ended.result, ended.arrival
    assert ended.at <= ended.due + 1e-6, "an end after the deadline"
    if isinstance(result, QueueFullError):
        assert 0.01 <= result.retry_after_seconds <= 60
        assert not any(picture.name in ran for picture in ended.pictures)
    elif isinstance(result, asyncio.CancelledError):
        assert arrival.cancel_after is not None
    elif isinstance(result, BaseException):
        assert isinstance(result, DeadlineExceededError), result
    else:
        assert len(result) == len(ended.pictures)
        for picture, outcome in zip(ended.pictures, result, strict=True):
            check_outcome(picture, outcome, schedule, runs)


def check_outcome(
    picture: Picture, outcome: Outcome[str], schedule: Schedule, runs: Counter[str]
) -> None:
    """A picture has its own result, or its own error."""
    assert outcome.queue_ms >= 0
    assert outcome.run_ms > 0
    assert picture.images <= outcome.batch_size <= MAX_BATCH
    if isinstance(outcome.result, DeviceMemoryError):
        assert picture.images > schedule.memory_images
    elif isinstance(outcome.result, PoisonedError):
        assert picture.poisoned
        assert str(outcome.result) == picture.name
    else:
        assert outcome.result == picture.name
        assert runs[picture.name] == 1
