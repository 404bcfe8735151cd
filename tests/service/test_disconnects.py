"""Clients that hang up: their work ends, and everybody else's goes on."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from service.disconnects import unless_disconnected

SLOW = "/v1/models/slow/predict?timeout_ms=30000"
WAITING = 'cutaway_queued_images{model="slow",version="1"} '
LEFT = 'cutaway_images_total{model="slow",outcome="client_left",version="1"} '


class Client:
    """A connection whose client may hang up."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.watched = False

    async def receive(self) -> Message:
        self.watched = True
        try:
            await self.gone.wait()
        finally:
            self.watched = False
        return {"type": "http.disconnect"}


async def forever(ended: list[str]) -> str:
    """Work without end that says when it was cancelled."""
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")
    return "never"


async def answer_soon() -> str:
    await asyncio.sleep(0.01)
    return "answer"


async def fail_soon() -> str:
    await asyncio.sleep(0.01)
    raise ValueError("what went wrong")


def test_who_stays_gets_the_answer_and_is_watched_no_longer() -> None:
    async def ask() -> None:
        client = Client()
        assert await unless_disconnected(client.receive, answer_soon()) == "answer"
        await asyncio.sleep(0)
        assert not client.watched
        client.gone.set()  # too late to matter
        await asyncio.sleep(0.01)

    asyncio.run(ask())


def test_an_error_of_the_work_is_the_error() -> None:
    with pytest.raises(ValueError, match="what went wrong"):
        asyncio.run(unless_disconnected(Client().receive, fail_soon()))


def test_who_hangs_up_ends_the_work() -> None:
    ended: list[str] = []

    async def ask() -> None:
        client = Client()
        asyncio.get_running_loop().call_later(0.01, client.gone.set)
        with pytest.raises(ClientDisconnect):
            await unless_disconnected(client.receive, forever(ended))
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0, "the task would think that somebody else cancelled it"

    asyncio.run(ask())
    assert ended == ["ended"]


def test_a_cancellation_from_elsewhere_stays_one() -> None:
    ended: list[str] = []

    async def ask() -> None:
        asking = asyncio.ensure_future(unless_disconnected(Client().receive, forever(ended)))
        await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(ask())
    assert ended == ["ended"]


def number(client: httpx.Client, name: str) -> float:
    """One number of /metrics; 0 where nothing was counted yet."""
    found = client.get("/metrics").text.partition(f"\n{name}")[2].partition("\n")[0]
    return float(found or 0)


def wait_until(check: Callable[[], bool], says: str) -> None:
    deadline = time.monotonic() + 20
    while not check():
        assert time.monotonic() < deadline, says
        time.sleep(0.02)


def send(client: httpx.Client, body: bytes) -> socket.socket:
    """A request whose answer nobody has read yet."""
    url = urlsplit(str(client.base_url))
    connection = socket.create_connection((url.hostname or "", url.port or 0), timeout=30)
    head = f"POST {SLOW} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def test_who_hangs_up_costs_those_around_him_nothing(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    left = number(client, LEFT)
    alone = client.post(SLOW, content=pictures[0]).json()["results"]

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as many:

            def post() -> Awaitable[httpx.Response]:
                return asyncio.ensure_future(many.post(SLOW, content=pictures[0]))

            staying = [post() for _ in range(8)]
            await asyncio.sleep(0.05)
            going = [await asyncio.to_thread(send, client, pictures[0]) for _ in range(16)]
            staying += [post() for _ in range(8)]
            await asyncio.sleep(0.05)
            for connection in going:
                connection.close()
            for answer in await asyncio.gather(*staying):
                assert answer.status_code == 200
                [best] = answer.json()["results"]
                assert [c["class_id"] for c in best["classes"]] == [
                    c["class_id"] for c in alone[0]["classes"]
                ]

    asyncio.run(ask())
    assert number(client, LEFT) > left
    wait_until(lambda: number(client, WAITING) == 0, "somebody who left still waits")


def test_the_pictures_of_who_has_hung_up_are_not_computed(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    """They leave the queue at once, while what came before them still runs."""
    left = number(client, LEFT)
    many = [send(client, pictures[0]) for _ in range(40)]
    wait_until(lambda: number(client, WAITING) >= 20, "the network was too fast to tell")
    for connection in many:
        connection.close()
    wait_until(lambda: number(client, WAITING) == 0, "they still wait")
    wait_until(lambda: number(client, LEFT) >= left + 20, "they were answered")


def test_who_has_hung_up_does_not_hold_up_the_end(
    start_server: Callable[..., Any], models: Path, pictures: tuple[bytes, ...]
) -> None:
    server = start_server(CUTAWAY_MODELS=str(models))
    with httpx.Client(base_url=server.url) as own:
        many = [send(own, pictures[0]) for _ in range(20)]
        url = urlsplit(server.url)
        many.append(socket.create_connection((url.hostname or "", url.port or 0), timeout=30))
        many[-1].sendall(
            f"POST {SLOW} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nhalf".encode()
        )
        for connection in many:
            connection.close()
    assert server.stop() == 0  # it is given a minute; BentoML's own timeout took six
