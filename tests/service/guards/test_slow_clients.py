"""Five hundred clients that send a byte a second."""

import asyncio
import re
from contextlib import suppress

import httpx

from tests.service.guards.guarded import Guarded

CLIENTS = 500
PREDICT = "/v1/models/colours/predict"


async def dribble(writer: asyncio.StreamWriter) -> None:
    """A byte a second, for ever."""
    with suppress(OSError):
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(1)


async def slow_client(port: int, beginning: bytes) -> bytes:
    """What it gets before it is cut off; how its connection ends does not matter."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(beginning)
    dribbling = asyncio.create_task(dribble(writer))
    answer = b""
    with suppress(ConnectionError):
        while piece := await reader.read(4096):
            answer += piece
    dribbling.cancel()
    writer.close()
    return answer


async def besiege(guarded: Guarded, picture: bytes) -> tuple[list[bytes], list[int]]:
    """All of them at once, half in their headers and half in their bodies; others meanwhile."""
    url = httpx.URL(guarded.server.url)
    key = f"Authorization: Bearer {guarded.tokens['inspect']}\r\n"
    head = b"POST /v1/models/colours/predict HTTP/1.1\r\nHost: x\r\nX-Slow: "
    body = (
        f"POST /v1/models/colours/activations?layer=pool HTTP/1.1\r\nHost: x\r\n{key}"
        "Content-Length: 5000\r\n\r\n"
    ).encode()
    slow = [
        asyncio.create_task(slow_client(url.port or 0, head if index % 2 else body))
        for index in range(CLIENTS)
    ]
    statuses: list[int] = []
    headers = {"Authorization": f"Bearer {guarded.tokens['predict']}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        while not all(task.done() for task in slow):
            statuses.append((await client.post(PREDICT, content=picture)).status_code)
            await asyncio.sleep(0.1)
    return [task.result() for task in slow], statuses


def timed_out(guarded: Guarded) -> int:
    """How many connections that server closed because their headers did not end."""
    metrics = httpx.get(f"{guarded.server.url}/metrics").text
    found = re.search(r'_connections_closed_total{reason="header_timeout"} (.+)', metrics)
    return int(float(found[1])) if found else 0


def test_all_are_cut_off_and_nobody_else_waits(
    guarded: Guarded, pictures: tuple[bytes, ...]
) -> None:
    before = timed_out(guarded)
    cut, statuses = asyncio.run(asyncio.wait_for(besiege(guarded, pictures[0]), 120))
    assert len(cut) == CLIENTS
    assert {answer.split(b" ", 2)[1] for answer in cut if answer} <= {b"408", b"429"}
    assert set(statuses) == {200}
    assert timed_out(guarded) - before == CLIENTS // 2, "half of them never ended their headers"
