"""Nobody starves: not a model beside one that floods, not a picture behind a large request."""

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.batching.scheduler import Scheduler
from tests.engine.batching.network import LINEAR, NEARLY_FREE, Network, Picture
from tests.engine.batching.simulated import clock, simulate
from tests.engine.batching.worlds import ask, world

SLOW = {1: 0.1, 2: 0.2, 4: 0.4}


def consumed_seconds(network: Network, until: float) -> float:
    """Slot seconds that a model had up to then."""
    return sum(
        min(seen.ended, until) - seen.started for seen in network.runs if seen.started < until
    )


async def flood(network: Network, seconds: float, depth: int) -> None:
    """Keep so many requests waiting for so long."""

    async def client() -> None:
        while clock() < seconds:
            await ask(network, "x", timeout_seconds=1000.0)

    await asyncio.gather(*(client() for _ in range(depth)))


@settings(max_examples=25, deadline=None, database=None)
@given(
    slots=st.integers(1, 3),
    curves=st.lists(st.sampled_from([LINEAR, NEARLY_FREE, SLOW]), min_size=2, max_size=3),
    depths=st.lists(st.integers(20, 60), min_size=3, max_size=3),
    seed=st.integers(0, 2**32),
)
def test_models_that_flood_get_the_same_slot_seconds(
    slots: int, curves: list[dict[int, float]], depths: list[int], seed: int
) -> None:
    random = Random(seed)  # noqa: S311  a schedule, no secret

    async def scenario() -> None:
        async with world(*curves, slots=slots, pace=lambda: random.uniform(0.5, 1.5)) as networks:
            floods = zip(networks, depths, strict=False)
            await asyncio.gather(*(flood(network, 2.5, depth) for network, depth in floods))
        longest = [max(seen.ended - seen.started for seen in net.runs) for net in networks]
        for until in (0.6, 1.3, 2.4):
            had = [consumed_seconds(network, until) for network in networks]
            assert max(had) - min(had) <= (slots + 1) * max(longest)

    simulate(scenario)


def test_a_quiet_model_waits_for_one_run_of_the_flooding_one_at_most() -> None:
    async def scenario() -> None:
        async with world(LINEAR, SLOW) as (quiet, flooding):
            task = asyncio.create_task(flood(flooding, 5.0, 50))
            await asyncio.sleep(1.05)
            for _ in range(10):
                answer = await ask(quiet, "x")
                assert answer[0].queue_ms <= 100
                await asyncio.sleep(0.033)
            await task

    simulate(scenario)


def test_what_a_model_did_not_use_is_not_saved_up() -> None:
    async def scenario() -> None:
        async with world(LINEAR, LINEAR) as (late, early):
            first = asyncio.create_task(flood(early, 4.0, 20))
            await asyncio.sleep(2.0)
            second = asyncio.create_task(flood(late, 4.0, 20))
            await asyncio.sleep(0)
            at_two = consumed_seconds(early, 2.0)
            await asyncio.gather(first, second)
            shared = consumed_seconds(early, 4.0) - at_two
            assert shared == pytest.approx(1.0, abs=0.03)

    simulate(scenario)


def test_a_single_picture_does_not_wait_for_the_whole_of_a_large_request() -> None:
    async def scenario() -> None:
        async with world(LINEAR, max_batch=8) as (network,):
            names = [f"{i}" for i in range(100)]
            large = asyncio.create_task(ask(network, *names))
            await asyncio.sleep(0.015)
            answer = await ask(network, "single")
            assert answer[0].queue_ms <= 2 * 8 * 10
            assert [outcome.result for outcome in await large] == names

    simulate(scenario)


def test_a_large_request_gets_half_of_the_runs_however_many_small_ones_come() -> None:
    async def scenario() -> None:
        async with world(LINEAR, max_batch=8) as (network,):
            task = asyncio.create_task(flood(network, 3.0, 30))
            await asyncio.sleep(0.1)
            started = clock()
            await ask(network, *(f"{i}" for i in range(58)))
            assert clock() - started <= 0.3 + 0.01 * (8 + 2 * 50) + 0.03
            await task

    simulate(scenario)


def test_within_a_model_who_came_first_is_served_first() -> None:
    async def scenario() -> None:
        async with world(LINEAR, max_batch=8) as (network,):
            tasks: list[asyncio.Task[object]] = []
            for i in range(40):
                tasks.append(asyncio.create_task(ask(network, f"{i}.0", f"{i}.1")))
                await asyncio.sleep(0.003)
            await asyncio.gather(*tasks)
            order = [picture.name for seen in network.runs for picture in seen.pictures]
            assert order == [f"{i}.{k}" for i in range(40) for k in range(2)]

    simulate(scenario)


def test_a_large_payload_is_not_passed_by_small_ones_that_would_still_fit() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, max_batch=8) as (network,):
            first = asyncio.create_task(ask(network, "first"))
            await asyncio.sleep(0.001)
            sizes = {"a": 4, "large": 8, "b": 1, "c": 1}
            tasks = [
                asyncio.create_task(
                    network.batcher.submit([Picture(name, size)], sizes=[size], timeout_seconds=1)
                )
                for name, size in sizes.items()
            ]
            await asyncio.gather(first, *tasks)
            names = [[picture.name for picture in seen.pictures] for seen in network.runs]
            assert names == [["first"], ["a"], ["large"], ["b", "c"]]

    simulate(scenario)


def test_one_model_uses_all_slots_when_no_other_wants_them() -> None:
    async def scenario() -> None:
        async with Scheduler(3, clock=clock) as scheduler:
            busy, idle = (Network(scheduler, 3).join() for _ in range(2))
            await asyncio.gather(*(ask(busy, f"{i}") for i in range(30)))
            assert clock() == pytest.approx(0.1)
            assert not idle.runs

    simulate(scenario)
