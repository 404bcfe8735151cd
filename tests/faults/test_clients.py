"""Clients that are slow, too many, or never read: cut off or refused, and the others served."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.faults.arrays import LARGE, LARGE_ANSWER, NPY, ready_pictures
from tests.faults.conftest import Record, Starter
from tests.faults.load import PREDICT, Books, Load
from tests.faults.sockets import Connection
from tests.servers import Server

pytestmark = pytest.mark.faults

SLOW_CLIENTS = 500
DEAF_CLIENTS = 40
SLOW = "/v1/models/slow/predict?timeout_ms=5000"
PICTURES = 8
"""A request of the overload has so many: the service has more to do than its clients."""


def open_files(server: Server) -> int:
    """Of the worker: connections, above all."""
    [worker] = server.workers()
    return len(list(Path(f"/proc/{worker}/fd").iterdir()))


def wait_until(check: Callable[[], bool], says: str) -> None:
    deadline = time.monotonic() + 120
    while not check():
        assert time.monotonic() < deadline, says
        time.sleep(0.2)


def drip(connections: list[Connection], data: bytes, over: Callable[[], bool]) -> None:
    """A byte a second on every connection, until it is over or all are closed."""
    for byte in data:
        if over():
            return
        for connection in connections:
            connection.try_send(bytes([byte]))
        time.sleep(1)


@pytest.mark.parametrize("slow_part", ["headers", "body"])
def test_500_slow_clients_are_cut_off_and_nobody_else_notices(
    start: Starter, models: Path, record: Record, slow_part: str
) -> None:
    server = start(
        CUTAWAY_MODELS=str(models),
        CUTAWAY_HEADER_TIMEOUT_SECONDS="5",
        CUTAWAY_BODY_TIMEOUT_SECONDS="5",
    )
    before = open_files(server)
    request = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode()
    at_once = b"" if slow_part == "headers" else request
    slowly = request if slow_part == "headers" else b"a" * 999
    with ExitStack() as stack, Load(server.url) as load, ThreadPoolExecutor(1) as background:
        slow = [stack.enter_context(Connection(server.url)) for _ in range(SLOW_CLIENTS)]
        for connection in slow:
            connection.send(at_once)
        wait_until(lambda: open_files(server) >= before + SLOW_CLIENTS, "they are not connected")
        dripping = background.submit(
            drip, slow, slowly, lambda: open_files(server) < before + SLOW_CLIENTS / 10
        )
        dripping.result()
        load.wait_for(50)
    record(f"500 clients that send a byte of their {slow_part} a second", load.books)
    assert open_files(server) < before + SLOW_CLIENTS / 10, "they are still connected"
    assert load.books.failures == []
    assert load.books.answered == load.books.sent


def test_clients_that_never_read_are_cut_off_and_nobody_else_notices(
    start: Starter, models: Path, record: Record
) -> None:
    server = start(
        CUTAWAY_MODELS=str(models),
        CUTAWAY_MAX_IMAGES=str(LARGE),
        CUTAWAY_INSPECT_QUEUE=str(DEAF_CLIENTS),
        CUTAWAY_ANSWER_TIMEOUT_SECONDS="3",
    )
    before = open_files(server)
    array = ready_pictures(LARGE)
    with ExitStack() as stack, Load(server.url) as load:
        for _ in range(DEAF_CLIENTS):
            deaf = stack.enter_context(Connection(server.url, receive_bytes=4096))
            deaf.begin(LARGE_ANSWER, array, sent=len(array), media_type=NPY)
        wait_until(lambda: open_files(server) >= before + DEAF_CLIENTS, "they are not connected")
        load.wait_for(50)
        wait_until(
            lambda: open_files(server) < before + DEAF_CLIENTS / 2, "they are still connected"
        )
        load.wait_for(50)
    record(f"{DEAF_CLIENTS} clients that never read 9 MB each", load.books)
    assert load.books.failures == []
    assert load.books.answered == load.books.sent


async def offer(url: str, per_second: float, seconds: float, books: Books) -> None:
    """Requests at a stated rate, however long their answers take."""
    body = ready_pictures(PICTURES)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)

    async def ask(client: httpx.AsyncClient) -> None:
        books.sent += 1
        try:
            books.enter(await client.post(SLOW, content=body, headers={"Content-Type": NPY}), None)
        except httpx.TransportError as error:
            books.fail(error)

    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        asking: list[asyncio.Task[None]] = []
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            due = int(passed * per_second) - len(asking)
            asking.extend(asyncio.create_task(ask(client)) for _ in range(due))
            await asyncio.sleep(0.01)
        await asyncio.gather(*asking)


async def closed_loop(url: str, seconds: float, books: Books) -> None:
    """What eight clients get who wait for their answers."""
    body = ready_pictures(PICTURES)
    over = time.monotonic() + seconds

    async def ask_on(client: httpx.AsyncClient) -> None:
        while time.monotonic() < over:
            books.sent += 1
            books.enter(await client.post(SLOW, content=body, headers={"Content-Type": NPY}), None)

    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await asyncio.gather(*(ask_on(client) for _ in range(8)))


def test_ten_times_too_much_is_answered_or_refused_and_fails_nobody(
    start: Starter, models: Path, record: Record
) -> None:
    server = start(CUTAWAY_MODELS=str(models))
    calm = [Books() for _ in range(3)]
    for books in calm:
        asyncio.run(closed_loop(server.url, 3, books))
    most = max(books.answered / 3 for books in calm)
    flood = Books()
    asyncio.run(offer(server.url, 10 * most, 6, flood))
    record("10 × overload for 6 s, 8 pictures a request, deadline 5 s", flood)
    assert flood.failures == []
    assert flood.refused > flood.answered > 0
    alone = httpx.post(
        server.url + SLOW,
        content=ready_pictures(PICTURES),
        headers={"Content-Type": NPY},
        timeout=60,
    )
    assert alone.status_code == 200, "it has not recovered"
