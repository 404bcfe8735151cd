"""Overload on a simulated clock: what is taken is answered in time, and the device stays useful."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

import pytest

from engine.errors import DeadlineExceededError, QueueFullError
from tests.engine.batching.network import LINEAR, NEARLY_FREE, Network
from tests.engine.batching.simulated import clock, simulate
from tests.engine.batching.worlds import ask, world

SECONDS = 4.0


@dataclass(slots=True)
class Tally:
    """What became of the requests."""

    answered: int = 0
    refused: int = 0
    expired: int = 0

    @property
    def kept(self) -> float:
        """Share of the accepted requests that were answered within their deadline."""
        return self.answered / max(1, self.answered + self.expired)


@dataclass(frozen=True, slots=True)
class Case:
    """A device, how much its runs stray from the measured curve, and how it slows at half-time."""

    measured: Mapping[int, float]
    slots: int
    max_batch: int
    timeout_seconds: float
    stray: float = 0.0
    slower: float = 1.0

    @property
    def capacity(self) -> float:
        """Images a second."""
        return self.slots * max(n / s for n, s in self.measured.items() if n <= self.max_batch)


def offer(case: Case, load: float, models: int = 1) -> Tally:
    """Requests of one image at `load` times the capacity, at random times, to several models."""
    random = Random(7)  # noqa: S311  a schedule, no secret
    tally = Tally()

    async def send(network: Network) -> None:
        try:
            await ask(network, "x", timeout_seconds=case.timeout_seconds)
            tally.answered += 1
        except QueueFullError:
            tally.refused += 1
        except DeadlineExceededError:
            tally.expired += 1

    def pace() -> float:
        return random.lognormvariate(-(case.stray**2) / 2, case.stray)

    async def scenario() -> None:
        curves = [case.measured] * models
        async with world(
            *curves, slots=case.slots, max_batch=case.max_batch, max_queue=10_000, pace=pace
        ) as networks:
            tasks: list[asyncio.Task[None]] = []
            while clock() < SECONDS:
                await asyncio.sleep(random.expovariate(load * case.capacity))
                tasks.append(asyncio.create_task(send(random.choice(networks))))
            await asyncio.gather(*tasks)

    simulate(scenario)
    return tally


CASES = {
    "a CPU": Case(LINEAR, 2, 8, timeout_seconds=0.5),
    "a CPU whose runs stray": Case(LINEAR, 2, 8, timeout_seconds=0.5, stray=0.4),
    "a CPU with little time": Case(LINEAR, 2, 8, timeout_seconds=0.035),
    "a CPU with little time whose runs stray": Case(LINEAR, 2, 8, timeout_seconds=0.06, stray=0.4),
    "a GPU": Case(NEARLY_FREE, 2, 32, timeout_seconds=0.2),
    "a GPU whose runs stray": Case(NEARLY_FREE, 2, 32, timeout_seconds=0.2, stray=0.4),
}


@pytest.mark.parametrize("name", CASES)
def test_at_twice_the_capacity_goodput_stays_and_what_is_taken_is_answered(name: str) -> None:
    case = CASES[name]
    peak = max(offer(case, load).answered for load in (0.9, 1.0))
    overload = offer(case, 2.0)
    assert peak >= 0.85 * SECONDS * case.capacity
    assert overload.answered >= 0.95 * peak
    assert overload.kept >= (0.95 if case.stray else 0.9999)
    assert overload.refused > 0


@pytest.mark.parametrize("name", CASES)
def test_below_the_capacity_nobody_is_turned_away(name: str) -> None:
    tally = offer(CASES[name], 0.6)
    assert tally.expired == 0
    assert tally.refused <= 0.01 * tally.answered


def test_two_models_in_overload_keep_what_they_promise() -> None:
    case = CASES["a CPU"]
    tally = offer(case, 2.0, models=2)
    assert tally.answered >= 0.9 * SECONDS * case.capacity
    assert tally.kept >= 0.99


@pytest.mark.parametrize("name", ["a CPU", "a CPU with little time", "a GPU"])
def test_a_device_that_becomes_slower_in_overload_stays_useful(name: str) -> None:
    case = replace(CASES[name], slower=1.6)
    tally = offer(case, 2.0)
    assert tally.answered >= 0.9 * SECONDS * case.capacity * (1 + 1 / case.slower) / 2
    assert tally.kept >= 0.95
