"""Random schedules on a simulated clock: whatever comes, nothing is lost, doubled or mixed up."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.batching.outcome import Outcome
from engine.batching.scheduler import Scheduler
from engine.errors import DeadlineExceededError, DeviceMemoryError, QueueFullError
from tests.engine.batching.network import LINEAR, NEARLY_FREE, Network, Picture, PoisonedError
from tests.engine.batching.simulated import clock, simulate

SCHEDULES = int(os.environ.get("CUTAWAY_SCHEDULES", "3000"))
MAX_BATCH = 8


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that comes `gap` seconds after the one before."""

    gap: float
    model: int
    sizes: tuple[int, ...]
    poisoned: int | None
    timeout: float
    cancel_after: float | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The world of one simulation, and what comes into it."""

    slots: int
    measured: tuple[dict[int, float], ...]
    paces: tuple[float, ...]
    memory_images: int
    max_queue: int
    max_wait_seconds: float
    arrivals: tuple[Arrival, ...]


@dataclass(slots=True)
class Ended:
    """What became of a request."""

    arrival: Arrival
    pictures: list[Picture]
    result: list[Outcome[str]] | BaseException
    at: float
    due: float
    times: int = 1


SLOTS = (1, 2, 3)
CURVES = (LINEAR, NEARLY_FREE)
PACES = ((1.0,), (0.5, 1.0, 1.5), (1.0, 1.0, 1.0, 8.0), (3.0,))
MEMORY_IMAGES = (1000, 1000, 6, 3, 1)
MAX_QUEUE = (1000, 30, 6)
MAX_WAIT_SECONDS = (0.0, 0.0, 0.005)
GAPS = (0.0, 0.0, 0.001, 0.004, 0.012, 0.05)
SIZES = (1, 1, 1, 2, 5, MAX_BATCH)
POISONED = (None, None, None, 0, 2)
TIMEOUTS = (0.005, 0.03, 0.1, 0.4, 10.0)
CANCEL_AFTER = (None, None, None, 0.0, 0.003, 0.02)

SCHEDULE = st.builds(
    Schedule,
    slots=st.sampled_from(SLOTS),
    measured=st.tuples(*[st.sampled_from(CURVES)] * 2),
    paces=st.sampled_from(PACES),
    memory_images=st.sampled_from(MEMORY_IMAGES),
    max_queue=st.sampled_from(MAX_QUEUE),
    max_wait_seconds=st.sampled_from(MAX_WAIT_SECONDS),
    arrivals=st.lists(
        st.builds(
            Arrival,
            gap=st.sampled_from(GAPS),
            model=st.integers(0, 1),
            sizes=st.lists(st.sampled_from(SIZES), min_size=1, max_size=5).map(tuple),
            poisoned=st.sampled_from(POISONED),
            timeout=st.sampled_from(TIMEOUTS),
            cancel_after=st.sampled_from(CANCEL_AFTER),
        ),
        min_size=1,
        max_size=20,
    ).map(tuple),
)


def draw_schedule(random: Random) -> Schedule:
    """The same without hypothesis, which takes several times as long as the simulation."""
    choose = random.choice
    arrivals = tuple(
        Arrival(
            gap=choose(GAPS),
            model=choose((0, 1)),
            sizes=tuple(choose(SIZES) for _ in range(random.randint(1, 5))),
            poisoned=choose(POISONED),
            timeout=choose(TIMEOUTS),
            cancel_after=choose(CANCEL_AFTER),
        )
        for _ in range(random.randint(1, 40))
    )
    return Schedule(
        slots=choose(SLOTS),
        measured=(choose(CURVES), choose(CURVES)),
        paces=choose(PACES),
        memory_images=choose(MEMORY_IMAGES),
        max_queue=choose(MAX_QUEUE),
        max_wait_seconds=choose(MAX_WAIT_SECONDS),
        arrivals=arrivals,
    )


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
