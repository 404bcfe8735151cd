"""The batcher: nothing lost, nothing mixed up, bounds held."""

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import pytest

from engine.arrays import Pixels, Scores
from engine.batching import Batcher
from engine.errors import DeadlineExceededError, QueueFullError

HEIGHT, WIDTH = 2, 3


def pictures(*values: int) -> Pixels:
    """One picture a value, all its levels alike."""
    return np.stack([np.full((HEIGHT, WIDTH, 1), value, np.uint8) for value in values])


class Network:
    """Answers each picture with its own level, and remembers the batches; may wait or fail."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.calls = 0
        self.open = threading.Event()
        self.open.set()
        self.poison: int | None = None

    def __call__(self, pixels: Pixels) -> Scores:
        self.calls += 1
        self.open.wait(10)
        self.batches.append(len(pixels))
        levels = pixels[:, 0, 0, 0].astype(np.float32)
        if self.poison is not None and self.poison in levels:
            raise ValueError(f"cannot digest {self.poison}")
        return levels[:, None]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another task or thread does."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def test_every_request_gets_its_own_rows_in_order() -> None:
    async def scenario() -> None:
        async with Batcher(Network(), max_batch=4, max_queue=1000) as batcher:
            requests = [
                [i % 256 for i in range(start, start + 1 + start % 6)] for start in range(90)
            ]
            answers = await asyncio.gather(
                *(batcher.submit(pictures(*values)) for values in requests)
            )
            for values, answer in zip(requests, answers, strict=True):
                assert answer.scores[:, 0].tolist() == list(values)

    asyncio.run(scenario())


def test_what_waits_is_run_together_up_to_the_largest_batch() -> None:
    async def scenario() -> None:
        network = Network()
        network.open.clear()
        async with Batcher(network, max_batch=4) as batcher:
            first = asyncio.create_task(batcher.submit(pictures(0)))
            await until(lambda: network.calls == 1)
            rest = [asyncio.create_task(batcher.submit(pictures(i))) for i in range(1, 10)]
            await until(lambda: batcher.queued == 9)
            network.open.set()
            answers = await asyncio.gather(first, *rest)
        assert network.batches == [1, 4, 4, 1]
        assert [answer.batch_size for answer in answers] == [1, 4, 4, 4, 4, 4, 4, 4, 4, 1]
        assert all(answer.queue_ms >= 0 and answer.inference_ms > 0 for answer in answers)

    asyncio.run(scenario())


def test_a_request_larger_than_a_batch_goes_in_several_runs() -> None:
    async def scenario() -> None:
        network = Network()
        async with Batcher(network, max_batch=4) as batcher:
            answer = await batcher.submit(pictures(*range(10)))
        assert answer.scores[:, 0].tolist() == list(range(10))
        assert network.batches == [4, 4, 2]

    asyncio.run(scenario())


def test_a_full_queue_refuses_at_once_and_takes_nothing_of_the_request() -> None:
    async def scenario() -> None:
        network = Network()
        network.open.clear()
        async with Batcher(network, max_batch=2, max_queue=5) as batcher:
            running = asyncio.create_task(batcher.submit(pictures(1)))
            await until(lambda: network.calls == 1)
            waiting = asyncio.create_task(batcher.submit(pictures(2, 3, 4, 5)))
            await until(lambda: batcher.queued == 4)
            with pytest.raises(QueueFullError, match="4 pictures wait and 2 more") as caught:
                await batcher.submit(pictures(6, 7))
            assert caught.value.retry_after_seconds >= 0
            assert batcher.queued == 4
            last = asyncio.create_task(batcher.submit(pictures(8)))
            await until(lambda: batcher.queued == 5)
            network.open.set()
            assert (await last).scores[:, 0].tolist() == [8]
            await asyncio.gather(running, waiting)

    asyncio.run(scenario())


def test_one_bad_picture_costs_only_its_own_request() -> None:
    async def scenario() -> None:
        network = Network()
        network.poison = 13
        network.open.clear()
        async with Batcher(network, max_batch=8) as batcher:
            first = asyncio.create_task(batcher.submit(pictures(0)))
            await until(lambda: network.calls == 1)
            tasks = [asyncio.create_task(batcher.submit(pictures(10 + i))) for i in range(8)]
            await until(lambda: batcher.queued == 8)
            network.open.set()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            failed = [answer for answer in answers if isinstance(answer, BaseException)]
            assert [str(error) for error in failed] == ["cannot digest 13"]
            assert isinstance(answers[3], ValueError)
            assert (await batcher.submit(pictures(5))).scores[:, 0].tolist() == [5]
            await first

    asyncio.run(scenario())


def test_a_deadline_that_passes_takes_the_request_out_of_the_queue() -> None:
    async def scenario() -> None:
        network = Network()
        network.open.clear()
        async with Batcher(network) as batcher:
            running = asyncio.create_task(batcher.submit(pictures(1)))
            await until(lambda: network.calls == 1)
            with pytest.raises(DeadlineExceededError, match="no answer within 20 ms"):
                await batcher.submit(pictures(2), deadline_seconds=0.02)
            assert batcher.queued == 0
            network.open.set()
            await running
        assert network.batches == [1]

    asyncio.run(scenario())


def test_a_caller_that_hangs_up_leaves_the_queue() -> None:
    async def scenario() -> None:
        network = Network()
        network.open.clear()
        async with Batcher(network) as batcher:
            running = asyncio.create_task(batcher.submit(pictures(1)))
            await until(lambda: network.calls == 1)
            gone = asyncio.create_task(batcher.submit(pictures(2)))
            await until(lambda: batcher.queued == 1)
            gone.cancel()
            await until(lambda: batcher.queued == 0)
            network.open.set()
            await running
        assert network.batches == [1]

    asyncio.run(scenario())


def test_stopping_answers_what_waits_and_refuses_what_comes() -> None:
    async def scenario() -> None:
        network = Network()
        network.open.clear()
        batcher = Batcher(network, max_batch=2)
        await batcher.start()
        tasks = [asyncio.create_task(batcher.submit(pictures(i))) for i in range(6)]
        await until(lambda: batcher.queued >= 4)
        stopping = asyncio.create_task(batcher.stop())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="was stopped"):
            await batcher.submit(pictures(9))
        network.open.set()
        await stopping
        assert [task.result().scores[0, 0] for task in tasks] == list(range(6))

    asyncio.run(scenario())


def test_two_slots_run_two_batches_at_a_time() -> None:
    async def scenario() -> None:
        both = threading.Barrier(2, timeout=5)

        def run(pixels: Pixels) -> Scores:
            both.wait()
            return pixels[:, 0, 0].astype(np.float32)

        async with Batcher(run, max_batch=1, slots=2) as batcher:
            await asyncio.gather(*(batcher.submit(pictures(i)) for i in range(8)))

    asyncio.run(scenario())
