"""Who is let in: whoever can be answered in time, by what runs cost and what already waits."""

import asyncio

import pytest

from engine.errors import DeadlineExceededError, QueueFullError
from tests.engine.batching.network import LINEAR, NEARLY_FREE, Network
from tests.engine.batching.simulated import simulate
from tests.engine.batching.worlds import ask, world


async def fill(network: Network, images: int) -> list[asyncio.Task[object]]:
    """So many requests of one image each, that now wait or run."""
    tasks: list[asyncio.Task[object]] = [
        asyncio.create_task(ask(network, f"{i}")) for i in range(images)
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def test_a_request_that_cannot_make_its_deadline_is_refused_at_once() -> None:
    async def scenario() -> None:
        async with world(LINEAR, slots=2) as (network,):
            tasks = await fill(network, 22)
            with pytest.raises(
                QueueFullError, match=r"would take 131 ms, of which 11 ms"
            ) as caught:
                await ask(network, "too late", timeout_seconds=0.1)
            assert caught.value.retry_after_seconds == pytest.approx(0.031)
            assert asyncio.get_running_loop().time() == 0
            assert network.batcher.rejected == {"full": 0, "late": 1, "expired": 0}
            assert (await ask(network, "in time", timeout_seconds=0.132))[0].result == "in time"
            await asyncio.gather(*tasks)

    simulate(scenario)


def test_a_deadline_shorter_than_the_run_itself_is_refused_though_nothing_waits() -> None:
    async def scenario() -> None:
        async with world() as (network,):
            with pytest.raises(QueueFullError, match="or allow more time") as caught:
                await ask(network, "hopeless", timeout_seconds=0.009)
            assert caught.value.retry_after_seconds == pytest.approx(0.01)
            assert (await ask(network, "just", timeout_seconds=0.0101))[0].result == "just"

    simulate(scenario)


def test_a_deadline_that_is_over_before_it_began_is_no_matter_of_load() -> None:
    async def scenario() -> None:
        async with world() as (network,):
            with pytest.raises(DeadlineExceededError, match="no answer within 0 ms"):
                await ask(network, "late", timeout_seconds=0.0)
            assert network.batcher.rejected["expired"] == 1
            assert not network.runs

    simulate(scenario)


def test_other_models_that_wait_count_at_their_fair_share_only() -> None:
    async def scenario() -> None:
        async with world(LINEAR, LINEAR) as (flooded, quiet):
            tasks = await fill(flooded, 100)
            assert quiet.batcher.wait_seconds == pytest.approx(0.02)
            assert flooded.batcher.wait_seconds == pytest.approx(1.0)
            answer = await ask(quiet, "x", timeout_seconds=0.04)
            assert answer[0].queue_ms <= 20
            await asyncio.gather(*tasks)

    simulate(scenario)


def test_the_images_of_a_large_request_count() -> None:
    async def scenario() -> None:
        async with world(LINEAR, slots=2) as (network,):
            names = [f"{i}" for i in range(40)]
            with pytest.raises(QueueFullError):
                await ask(network, *names, timeout_seconds=0.19)
            assert len(await ask(network, *names, timeout_seconds=0.21)) == 40

    simulate(scenario)


def test_who_waits_for_a_device_that_hangs_is_refused_after_a_while() -> None:
    async def scenario() -> None:
        async with world(pace=lambda: 1000.0) as (network,):
            with pytest.raises(DeadlineExceededError):
                await ask(network, "hangs", timeout_seconds=0.5)
            with pytest.raises(QueueFullError):
                await ask(network, "refused", timeout_seconds=0.4)

    simulate(scenario)


def test_a_slow_spell_locks_nobody_out_for_good() -> None:
    async def scenario() -> None:
        slowness = 10.0
        async with world(pace=lambda: slowness) as (network,):
            for _ in range(30):
                await ask(network, "slow", timeout_seconds=1.0)
            assert network.batcher.curve.pace > 9
            slowness = 1.0
            for _ in range(60):
                await ask(network, "fast", timeout_seconds=0.02)
            assert network.batcher.curve.pace < 1.1

    simulate(scenario)


def test_what_became_hopeless_is_dropped_before_it_costs_a_run() -> None:
    async def scenario() -> None:
        slowness = 1.0
        async with world(pace=lambda: slowness) as (network,):
            slowness = 5.0
            ended = await asyncio.gather(
                *(ask(network, f"{i}", timeout_seconds=0.5) for i in range(40)),
                return_exceptions=True,
            )
            answered = sum(not isinstance(end, BaseException) for end in ended)
            assert answered >= 8
            assert network.batcher.rejected["expired"] == 40 - answered
            assert len(network.runs) - answered <= 2

    simulate(scenario)


def test_a_batch_is_no_larger_than_the_deadlines_in_it_allow() -> None:
    async def scenario() -> None:
        curve = {1: 0.01, 8: 0.04}
        async with world(curve) as (network,):
            answers = await asyncio.gather(
                ask(network, "hurried", timeout_seconds=0.02),
                *(ask(network, f"{i}") for i in range(7)),
            )
            assert answers[0][0].batch_size == 1
            assert answers[1][0].batch_size == 7

    simulate(scenario)


def test_an_idle_device_lets_nobody_wait() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, slots=2) as (network,):
            assert network.batcher.wait_seconds == 0
            first = asyncio.create_task(ask(network, "a"))
            await asyncio.sleep(0.001)
            assert network.batcher.wait_seconds == 0
            await first

    simulate(scenario)
