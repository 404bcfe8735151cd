"""The batcher: batches what waits, answers everybody, lets go of whoever hangs up."""

import asyncio
import gc
import weakref
from collections.abc import Sequence

import pytest

from engine.batching.curve import ServiceCurve
from engine.batching.scheduler import Scheduler
from engine.errors import DeadlineExceededError, QueueFullError
from tests.engine.batching.network import LINEAR, NEARLY_FREE, Picture
from tests.engine.batching.simulated import clock, simulate
from tests.engine.batching.worlds import ask, sizes_of_runs, world


class Large(Picture):
    """A picture that can be traced."""


def test_every_request_gets_its_own_results_in_order() -> None:
    async def scenario() -> None:
        async with world(slots=2) as (network,):
            requests = [[f"{i}.{k}" for k in range(1 + i % 6)] for i in range(60)]
            answers = await asyncio.gather(*(ask(network, *names) for names in requests))
            assert [[outcome.result for outcome in answer] for answer in answers] == requests

    simulate(scenario)


def test_what_waits_is_run_together_where_that_is_cheap() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, max_batch=4) as (network,):
            first = asyncio.create_task(ask(network, "first"))
            await asyncio.sleep(0.001)
            answer = await ask(network, *"abcdefghi")
            assert sizes_of_runs(network) == [1, 4, 4, 1]
            assert [outcome.batch_size for outcome in answer] == [4] * 8 + [1]
            await first

    simulate(scenario)


def test_a_cpu_runs_images_one_by_one_and_side_by_side() -> None:
    async def scenario() -> None:
        async with world(LINEAR, slots=2) as (network,):
            answer = await ask(network, *"abcd")
            assert sizes_of_runs(network) == [1, 1, 1, 1]
            assert [outcome.queue_ms for outcome in answer] == pytest.approx([0, 0, 10, 10])
            assert [outcome.run_ms for outcome in answer] == pytest.approx([10] * 4)

    simulate(scenario)


def test_a_gpu_runs_together_what_comes_together_although_two_slots_are_free() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, slots=2) as (network,):
            await asyncio.gather(*(ask(network, name) for name in "abcd"))
            assert sizes_of_runs(network) == [4]

    simulate(scenario)


def test_a_batch_is_held_open_until_it_is_full() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, max_batch=8, max_wait_seconds=0.02) as (network,):
            tasks: list[asyncio.Task[object]] = []
            for name in "abcdefgh":
                tasks.append(asyncio.create_task(ask(network, name)))
                await asyncio.sleep(0.001)
            await asyncio.gather(*tasks)
            assert sizes_of_runs(network) == [8]
            assert network.runs[0].started == pytest.approx(0.007)

    simulate(scenario)


def test_a_batch_is_held_open_no_longer_than_its_oldest_image_may_wait() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, max_batch=8, max_wait_seconds=0.02) as (network,):
            first = asyncio.create_task(ask(network, "first"))
            await asyncio.sleep(0.015)
            await asyncio.gather(ask(network, "second"), first)
            assert sizes_of_runs(network) == [2]
            assert network.runs[0].started == pytest.approx(0.02)

    simulate(scenario)


def test_a_deadline_ends_the_holding() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, max_batch=8, max_wait_seconds=1.0) as (network,):
            await asyncio.gather(ask(network, "a"), ask(network, "b", timeout_seconds=0.03))
            assert network.runs[0].started < 0.03 - NEARLY_FREE[2]

    simulate(scenario)


def test_a_payload_of_several_images_is_never_split() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, max_batch=8) as (network,):
            pictures = [Picture(name, images) for name, images in [("a", 5), ("b", 5), ("c", 3)]]
            answer = await network.batcher.submit(pictures, sizes=[5, 5, 3], timeout_seconds=1)
            assert [outcome.batch_size for outcome in answer] == [5, 8, 8]

    simulate(scenario)


@pytest.mark.parametrize("sizes", [[9], [0], [1, 1]])
def test_sizes_that_cannot_be_are_refused(sizes: list[int]) -> None:
    async def scenario() -> None:
        async with world(max_batch=8) as (network,):
            with pytest.raises(ValueError, match="expected a size from 1 to 8 for each of 1"):
                await network.batcher.submit([Picture("a")], sizes=sizes, timeout_seconds=1)
            assert await network.batcher.submit([], timeout_seconds=1) == []

    simulate(scenario)


def test_a_caller_that_hangs_up_leaves_the_queue_at_once() -> None:
    async def scenario() -> None:
        async with world() as (network,):
            running = asyncio.create_task(ask(network, "first"))
            gone = asyncio.create_task(ask(network, "gone", "too"))
            await asyncio.sleep(0.001)
            assert network.batcher.queued == 2
            gone.cancel()
            await asyncio.sleep(0)
            assert network.batcher.queued == 0
            await running
        assert [seen.pictures[0].name for seen in network.runs] == ["first"]

    simulate(scenario)


def test_a_caller_that_hangs_up_in_mid_batch_costs_its_mates_nothing() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE) as (network,):
            tasks = [asyncio.create_task(ask(network, name)) for name in "abc"]
            await asyncio.sleep(0.001)
            tasks[1].cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(ended[1], asyncio.CancelledError)
            answers = [end for end in ended if not isinstance(end, BaseException)]
            assert [answer[0].result for answer in answers] == ["a", "c"]
            assert sizes_of_runs(network) == [3]

    simulate(scenario)


def test_a_deadline_ends_a_request_even_in_the_middle_of_its_run() -> None:
    async def scenario() -> None:
        async with world(pace=lambda: 10.0) as (network,):
            with pytest.raises(DeadlineExceededError, match="no answer within 50 ms"):
                await ask(network, "slow", timeout_seconds=0.05)
            assert asyncio.get_running_loop().time() == pytest.approx(0.05)
            assert network.batcher.rejected == {"full": 0, "late": 0, "expired": 1}

    simulate(scenario)


def test_leaving_answers_what_waits_and_refuses_what_comes() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE, max_batch=2, max_wait_seconds=5.0) as (network,):
            tasks = [asyncio.create_task(ask(network, name)) for name in "abc"]
            await asyncio.sleep(0)
        assert [(await task)[0].result for task in tasks] == list("abc")
        assert asyncio.get_running_loop().time() < 0.1
        with pytest.raises(RuntimeError, match="was closed"):
            await ask(network, "late")

    simulate(scenario)


def test_a_model_that_goes_leaves_the_slots_to_the_others() -> None:
    async def scenario() -> None:
        async with world(LINEAR, LINEAR) as (old, new):
            tasks = [asyncio.create_task(ask(old, name)) for name in "abc"]
            await asyncio.sleep(0)
            await old.batcher.close()
            assert all(task.done() for task in tasks)
            assert (await ask(new, "x"))[0].result == "x"
            with pytest.raises(RuntimeError, match="was closed"):
                await ask(old, "d")

    simulate(scenario)


def test_what_was_run_goes_with_its_last_user_once_the_batcher_is_closed() -> None:
    async def scenario() -> None:
        async with Scheduler(1, clock=clock) as scheduler:

            async def run(names: Sequence[str]) -> Sequence[str]:
                return names

            batcher = scheduler.batcher(run, ServiceCurve(LINEAR), max_batch=8, max_queue=8)
            trace = weakref.ref(run)
            del run
            [outcome] = await batcher.submit(["a"], timeout_seconds=1)
            assert outcome.result == "a"
            await batcher.close()
            assert trace() is None

    gc.disable()
    try:
        simulate(scenario)
    finally:
        gc.enable()


def test_a_request_whose_deadline_passed_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        async with world(pace=lambda: 10.0) as (network,):
            picture = Large("slow")
            trace = weakref.ref(picture)
            with pytest.raises(DeadlineExceededError):
                await network.batcher.submit([picture], timeout_seconds=0.05)
            del picture
            await ask(network, "next")
            network.runs.clear()
            assert trace() is None

    gc.disable()
    try:
        simulate(scenario)
    finally:
        gc.enable()


def test_more_slots_take_what_waits_at_once() -> None:
    async def scenario() -> None:
        async with world(LINEAR) as (network,):
            tasks = [asyncio.create_task(ask(network, name)) for name in "abcd"]
            await asyncio.sleep(0.001)
            network.slots = 2
            network.scheduler.grow(2)
            network.scheduler.grow(1)
            await asyncio.gather(*tasks)
            assert asyncio.get_running_loop().time() == pytest.approx(0.021)
            assert network.scheduler.busy == 0

    simulate(scenario)


def test_a_run_that_is_cancelled_leaves_nobody_waiting() -> None:
    async def scenario() -> None:
        async with world(NEARLY_FREE) as (network,):
            network.cancelled = True
            with pytest.raises(RuntimeError, match="the run was cancelled"):
                await ask(network, "a", "b")
            network.cancelled = False
            assert (await ask(network, "c"))[0].result == "c"

    simulate(scenario)


def test_a_scheduler_needs_a_slot() -> None:
    async def scenario() -> None:
        with pytest.raises(ValueError, match="at least 1 slot, got 0"):
            async with world(slots=0):
                pass

    simulate(scenario)


def test_the_queue_is_bounded_in_images() -> None:
    async def scenario() -> None:
        async with world(max_queue=5) as (network,):
            running = asyncio.create_task(ask(network, "running"))
            await asyncio.sleep(0.001)
            waiting = asyncio.create_task(ask(network, *"abcd"))
            await asyncio.sleep(0.001)
            with pytest.raises(QueueFullError, match="4 images wait and 2 more") as caught:
                await ask(network, "e", "f")
            assert caught.value.retry_after_seconds == pytest.approx(0.01)
            assert network.batcher.queued == 4
            assert network.batcher.rejected["full"] == 1
            last = asyncio.create_task(ask(network, "g"))
            await asyncio.sleep(0)
            assert network.batcher.queued == 5
            with pytest.raises(QueueFullError, match="send at most 5 at a time"):
                await ask(network, *"abcdef")
            await asyncio.gather(running, waiting, last)

    simulate(scenario)
