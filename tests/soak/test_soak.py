"""Mixed load for a long time: memory stays flat, and no file is left open.

CUTAWAY_SOAK_SECONDS says for how long; ten minutes where it does not.
"""

import asyncio
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest

from bundle.repository import Bundle
from tests.faults.sockets import Connection
from tests.servers import Server, serve
from tests.service.networks import publish_network
from tests.soak.questions import COLOURS, questions

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]

SECONDS = float(os.environ.get("CUTAWAY_SOAK_SECONDS", "600"))
CLIENTS = 6
SAMPLES = 120
WARM_UP = 0.25
"""Share of the samples that do not count: pools fill, sessions are made, curves settle."""
MAX_MB_PER_10_000 = 1.0
MAX_FILES_MORE = 5
MAX_BROKEN = 0.001
"""Share of requests: where the machine stalls for 5 s, a request can meet the end of the connection
that it was sent on, which the server closes when nobody has used it for so long."""


@dataclass
class Diary:
    """What was asked and what was seen: samples are (requests, resident MB, open files)."""

    statuses: Counter[tuple[int, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    samples: list[tuple[int, float, int]] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Answered so far."""
        return self.statuses.total()

    def growth_mb(self) -> float:
        """Resident memory's slope, in MB per 10,000 requests."""
        kept = self.samples[int(len(self.samples) * WARM_UP) :]
        asked, resident_mb, _ = np.transpose(kept)
        return float(np.polyfit(asked, resident_mb, 1)[0] * 10_000)


def resident_mb(worker: int) -> float:
    """What it holds of the machine's memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    assert found
    return int(found[1]) / 1000


def open_files(worker: int) -> int:
    return len(list(Path(f"/proc/{worker}/fd").iterdir()))


async def ask_on(url: str, diary: Diary, over: float, seed: int) -> None:
    """One client: whatever its dice say."""
    dice = random.Random(seed)  # noqa: S311  a mix of requests, no secret
    mix = list(questions())
    weights = [question.weight for question in mix]
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while time.monotonic() < over:
            [question] = dice.choices(mix, weights)
            try:
                status = await question.ask(client)
            except httpx.TransportError as error:
                diary.broken.append(f"{error!r} for {question}"[:500])
                continue
            diary.statuses[question.status, status] += 1
            if status not in (question.status, 429):
                diary.wrong.append(f"{status} for {question}"[:500])


async def hang_up(url: str, over: float) -> None:
    """Twice a second somebody leaves in the middle of a request."""

    def leave() -> None:
        with suppress(OSError), Connection(url) as connection:
            connection.begin(f"{COLOURS}/predict", bytes(5000), sent=1000)

    while time.monotonic() < over:
        await asyncio.to_thread(leave)
        await asyncio.sleep(0.5)


async def watch(worker: int, diary: Diary, over: float) -> None:
    """Samples until it is over."""
    while time.monotonic() < over:
        await asyncio.sleep(SECONDS / SAMPLES)
        diary.samples.append((diary.requests, resident_mb(worker), open_files(worker)))


async def live_through(server: Server, worker: int) -> Diary:
    """All of it."""
    diary, over = Diary(), time.monotonic() + SECONDS
    await asyncio.gather(
        *(ask_on(server.url, diary, over, seed) for seed in range(CLIENTS)),
        hang_up(server.url, over),
        watch(worker, diary, over),
    )
    return diary


def files_at_rest(worker: int) -> int:
    """Once the connections that nobody uses have been closed, after 5 s."""
    time.sleep(8)
    return open_files(worker)


@pytest.fixture
def server(tmp_path: Path, publish_model: Callable[[Path, str], Bundle]) -> Server:
    """`colours` and `pooled`, served."""
    publish_model(tmp_path / "models", "colours")
    publish_network(tmp_path / "models", "pooled")
    return serve(tmp_path, CUTAWAY_MODELS=str(tmp_path / "models"), CUTAWAY_LOG_LEVEL="warning")


def test_memory_stays_flat_and_no_file_is_left_open(server: Server) -> None:
    try:
        [worker] = server.workers()
        files = files_at_rest(worker)
        diary = asyncio.run(live_through(server, worker))
        more = files_at_rest(worker) - files
        growth, first, last = diary.growth_mb(), diary.samples[0], diary.samples[-1]
        print(
            f"\n{diary.requests} requests in {SECONDS:.0f} s; {first[1]:.0f} MB after the first "
            f"{first[0]}, {last[1]:.0f} MB at the end, {growth:+.2f} MB per 10,000 requests; "
            f"{more:+d} open files"
        )
        print({f"{right} got {got}": n for (right, got), n in sorted(diary.statuses.items())})
        print(diary.broken)
        assert diary.wrong == []
        assert len(diary.broken) <= diary.requests * MAX_BROKEN
        assert growth < MAX_MB_PER_10_000
        assert more <= MAX_FILES_MORE
        assert server.workers() == [worker], "it was replaced"
        assert server.stop() == 0
    finally:
        server.close()
