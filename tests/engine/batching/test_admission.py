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
                QueueFullError, match=r"would take 153 ms, of which 13 ms"
            ) as caught:
                await ask(network, "too late", timeout_seconds=0.1)
            assert caught.value.retry_after_seconds == pytest.approx(0.053)
            assert asyncio.get_running_loop().time() == 0
            assert network.batcher.rejected == {"full": 0, "late": 1, "expired": 0}
            assert (await ask(network, "in time", timeout_seconds=0.155))[0].result == "in time"
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
                *(ask(network, f"{i}", timeout_seconds=0.6) for i in range(40)),
                return_exceptions=True,
            )
            answered = sum(not isinstance(end, BaseException) for end in ended)
            assert answered >= 8
            assert network.batcher.rejected["expired"] == 40 - answered
            assert len(network.runs) - answered <= 2

    simulate(scenario)


def test_a_batch_is_no_larger_than_the_deadlines_in_it_allow() -> None:
    async def scenario() -> None:
        async with world({1: 0.01, 8: 0.04}) as (network,):
            first = asyncio.create_task(ask(network, "first"))
            await asyncio.sleep(0.001)
            answers = await asyncio.gather(
                ask(network, "hurried", timeout_seconds=0.03),
                *(ask(network, f"{i}") for i in range(7)),
            )
            assert answers[0][0].batch_size == 1
            assert answers[1][0].batch_size == 7
            await first

    simulate(scenario)


def test_the_turns_of_a_large_request_count_for_who_comes_after_it() -> None:
    async def scenario() -> None:
        async with world(max_batch=8) as (network,):
            large = asyncio.create_task(ask(network, *(f"{i}" for i in range(100))))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert network.batcher.wait_seconds == pytest.approx(0.01 * (1 + 7 + 8))
            with pytest.raises(QueueFullError):
                await ask(network, "too late", timeout_seconds=0.16)
            assert (await ask(network, "in time", timeout_seconds=0.22))[0].result == "in time"
            await large

    simulate(scenario)


def test_how_fast_a_run_is_that_has_the_machine_to_itself_teaches_nothing() -> None:
    async def scenario() -> None:
        async with world(slots=2, pace=lambda: 0.5) as (network,):
            for _ in range(20):
                await ask(network, "alone")
            assert network.batcher.curve.pace == 1
            await asyncio.gather(*(ask(network, f"{i}") for i in range(60)))
            assert network.batcher.curve.pace < 0.6

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
