"""Hundreds of requests at the same moment: each is answered, and what does not fit costs little."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.servers import Server

SLOW = "/v1/models/slow/predict?timeout_ms=30000"
REQUESTS = 400
QUEUE = 64  # of the shared server
BODY_BYTES = 1_000_000


def peak_bytes(server: Server) -> int:
    """The most that the worker ever held."""
    [worker] = server.workers()
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    assert found
    return int(found[1]) * 1024


def test_everybody_is_answered_and_memory_is_bounded(
    client: httpx.Client, server: Server, pictures: tuple[bytes, ...], refused: Callable[..., dict]
) -> None:
    body = pictures[2] + bytes(BODY_BYTES - len(pictures[2]))  # what follows a PNG's end is no part
    client.post(SLOW, content=body)
    before = peak_bytes(server)

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=REQUESTS)
        async with httpx.AsyncClient(base_url=client.base_url, timeout=120, limits=limits) as many:
            return await asyncio.gather(*(many.post(SLOW, content=body) for _ in range(REQUESTS)))

    answers = asyncio.run(ask())
    served = [answer for answer in answers if answer.status_code == 200]
    assert len(served) >= QUEUE
    for answer in answers:
        if answer.status_code == 200:
            assert len(answer.json()["results"][0]["classes"]) == 3
        else:
            assert refused(answer, 429, answer.json()["error"]["code"])
            assert int(answer.headers["retry-after"]) >= 1
    assert peak_bytes(server) - before < REQUESTS * BODY_BYTES, "refused bodies were kept"
