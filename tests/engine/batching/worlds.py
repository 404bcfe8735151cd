"""A scheduler with networks on it, and the shortest way to ask them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from engine.batching.outcome import Outcome
from engine.batching.scheduler import Scheduler
from tests.engine.batching.network import LINEAR, Network, Picture
from tests.engine.batching.simulated import clock


@asynccontextmanager
async def world(
    *measured: Mapping[int, float],
    slots: int = 1,
    max_batch: int = 8,
    max_queue: int = 1000,
    max_wait_seconds: float = 0.0,
    pace: Callable[[], float] = lambda: 1.0,
) -> AsyncIterator[tuple[Network, ...]]:
    """One network a curve, one of LINEAR without any."""
    async with Scheduler(slots, clock=clock) as scheduler:
        networks = tuple(
            Network(scheduler, slots, curve, pace).join(max_batch, max_queue, max_wait_seconds)
            for curve in measured or (LINEAR,)
        )
        yield networks
    assert not [network.wrongs for network in networks if network.wrongs]


async def ask(
    network: Network, *names: str, timeout_seconds: float = 10.0, poisoned: str = ""
) -> list[Outcome[str]]:
    """One request of pictures of one image each."""
    pictures = [Picture(name, poisoned=name == poisoned) for name in names]
    return await network.batcher.submit(pictures, timeout_seconds=timeout_seconds)


def sizes_of_runs(network: Network) -> list[int]:
    """Images of each run, in the order in which they ended."""
    return [seen.images for seen in network.runs]
