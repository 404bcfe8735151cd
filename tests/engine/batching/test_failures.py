"""A batch that fails: the culprit stands alone, and memory that does not do is remembered."""

import asyncio

import pytest

from engine.errors import DeviceMemoryError
from tests.engine.batching.network import NEARLY_FREE, Network, Picture, PoisonedError
from tests.engine.batching.simulated import simulate
from tests.engine.batching.worlds import ask, sizes_of_runs, world


def test_one_poisoned_picture_costs_nobody_else_anything() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE) as (network,):
            first = asyncio.create_task(ask(network, "first"))
            await asyncio.sleep(0.001)
            answers = await asyncio.gather(
                *(ask(network, name, poisoned="e") for name in "abcdefgh")
            )
            results = [answer[0].result for answer in answers]
            assert isinstance(results[4], PoisonedError)
            assert results[:4] + results[5:] == list("abcdfgh")
            assert sizes_of_runs(network) == [1, 8, 4, 4, 2, 1, 1, 2]
            assert (await ask(network, "after"))[0].result == "after"
            await first

    simulate(scenario)


def test_one_poisoned_picture_of_a_request_has_its_error_in_its_place() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE) as (network,):
            answer = await ask(network, "a", "b", "c", poisoned="b")
            assert [outcome.result for outcome in answer if outcome is not answer[1]] == ["a", "c"]
            assert isinstance(answer[1].result, PoisonedError)
            assert str(answer[1].result) == "b"
            assert answer[1].batch_size == 1

    simulate(scenario)


def test_a_run_that_answers_too_few_fails_like_any_other() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE) as (network,):
            network.forgetful = True
            answer = await ask(network, "a", "b")
            for outcome in answer:
                assert isinstance(outcome.result, RuntimeError)
                assert "0 results for 1 payloads" in str(outcome.result)

    simulate(scenario)


def test_memory_that_does_not_do_halves_the_batch_and_is_remembered() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, max_batch=16) as (network,):
            network.memory_images = 5
            names = [f"{i}" for i in range(16)]
            answer = await ask(network, *names)
            assert [outcome.result for outcome in answer] == names
            assert network.batcher.max_batch == 4
            assert sizes_of_runs(network) == [16, 8, 4, 4, 4, 4]
            network.runs.clear()
            await ask(network, *names[:8])
            assert sizes_of_runs(network) == [4, 4]

    simulate(scenario)


def test_the_padded_size_is_what_did_not_fit() -> None:
    async def scenario() -> None:
        async with world({4: 0.01, 16: 0.012}, max_batch=16) as (network,):
            network.memory_images = 8
            await ask(network, *"abcdefghi")
            assert network.batcher.max_batch == 8

    simulate(scenario)


def test_a_single_picture_that_does_not_fit_gets_the_error() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE) as (network,):
            network.memory_images = 0
            answer = await ask(network, "a", "b")
            assert [type(outcome.result) for outcome in answer] == [DeviceMemoryError] * 2
            assert network.batcher.max_batch == 1

    simulate(scenario)


def test_a_payload_larger_than_what_fits_now_is_tried_alone() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE) as (network,):
            network.memory_images = 4
            answer = await send_two(network)
            assert isinstance(answer, DeviceMemoryError)
            assert network.batcher.max_batch == 4
            network.memory_images = 8
            assert await send_two(network) == "large"

    simulate(scenario)


async def send_two(network: Network) -> str | Exception:
    """A payload of eight images beside one of one: the large one's result."""
    pictures = [Picture("large", 8), Picture("small")]
    large, small = await network.batcher.submit(pictures, sizes=[8, 1], timeout_seconds=1)
    assert small.result == "small"
    assert large.batch_size == 8
    return large.result


def test_halves_of_a_failed_batch_are_not_run_for_those_who_left() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE) as (network,):
            tasks = [asyncio.create_task(ask(network, name, poisoned="d")) for name in "abcd"]
            await asyncio.sleep(0.001)
            tasks[0].cancel()
            tasks[1].cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert sizes_of_runs(network) == [4, 2, 1, 1]
            assert [type(end) for end in ended[:2]] == [asyncio.CancelledError] * 2

    simulate(scenario)


def test_a_failing_model_pays_for_its_many_runs() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, NEARLY_FREE, max_batch=4) as (bad, good):
            tasks = [
                asyncio.create_task(ask(network, name, poisoned=name if network is bad else ""))
                for network in (bad, good)
                for name in map(str, range(64))
            ]
            await asyncio.sleep(0.5)
            spent = [
                sum(run.ended - run.started for run in network.runs) for network in (bad, good)
            ]
            assert spent[1] == pytest.approx(spent[0], abs=0.15)
            await asyncio.gather(*tasks)

    simulate(scenario)
