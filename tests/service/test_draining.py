"""What a service that ends still answers, and what it refuses."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import PlainTextResponse

from service.life import Life, LifeGuard
from service.settings import Settings

PREDICT = "/v1/models/colours/predict"
ANSWERED = PlainTextResponse("answered")


class Guarded:
    """An application that answers everything, its guard, and a client of it."""

    def __init__(self, **settings: int) -> None:
        self.life = Life(Settings.model_validate(settings))
        self.let_go = asyncio.Event()
        self.let_go.set()
        guard = LifeGuard(self._answer, self.life)
        transport = httpx.ASGITransport(guard)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://x")

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        await self.let_go.wait()
        await ANSWERED(scope, receive, send)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)


def got_sigterm() -> tuple[list[int], Any]:
    """Somebody else's handler, and what it was given."""
    got: list[int] = []
    return got, lambda number, _: got.append(number)


def test_before_the_signal_everything_passes_and_connections_stay() -> None:
    async def ask() -> None:
        guarded = Guarded()
        for path in ("/readyz", "/v2/health/ready", "/livez", PREDICT):
            answer = await guarded.get(path)
            assert answer.text == "answered"
            assert "connection" not in answer.headers
        assert guarded.life.running == 0

    asyncio.run(ask())


def test_the_signal_is_kept_back_until_what_runs_is_done() -> None:
    """Not ready at once, closed after the delay, handed on when the last answer is out."""
    got, handler = got_sigterm()

    async def live() -> None:
        guarded = Guarded(drain_seconds=1)
        async with guarded.life.of():
            guarded.let_go.clear()
            running = asyncio.create_task(guarded.get(PREDICT))
            await asyncio.sleep(0.05)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(guarded.life.draining.wait(), 10)
            guarded.let_go.set()
            assert (await guarded.get("/readyz")).json()["error"]["code"] == "draining"
            late = await guarded.get(PREDICT)
            assert (late.text, late.headers["connection"]) == ("answered", "close")
            assert (await running).text == "answered"

            guarded.let_go.clear()
            last = asyncio.create_task(guarded.get(PREDICT))
            while not guarded.life.refuses(PREDICT):
                await asyncio.sleep(0.01)
            refused = await guarded.get(PREDICT)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert refused.headers["connection"] == "close"
            assert got == [], "uvicorn would have closed by now"
            guarded.let_go.set()
            assert (await last).text == "answered"
            assert (await guarded.get("/livez")).text == "answered"
            while not got:
                await asyncio.sleep(0.01)

    before = signal.signal(signal.SIGTERM, handler)
    try:
        asyncio.run(live())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert got == [signal.SIGTERM]


def test_what_is_not_finished_in_time_is_not_waited_for() -> None:
    got, handler = got_sigterm()

    async def live() -> None:
        guarded = Guarded(finish_seconds=1)
        guarded.let_go.clear()
        async with guarded.life.of():
            stuck = asyncio.create_task(guarded.get(PREDICT))
            await asyncio.sleep(0.05)
            os.kill(os.getpid(), signal.SIGTERM)
            while not got:
                await asyncio.sleep(0.01)
            assert guarded.life.running == 1
            stuck.cancel()

    before = signal.signal(signal.SIGTERM, handler)
    try:
        asyncio.run(live())
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_parts_open_in_order_and_close_in_the_reverse_one() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def part(name: str) -> AsyncGenerator[None]:
        seen.append(f"{name} opens")
        yield
        seen.append(f"{name} closes")

    async def live() -> None:
        async with Life(Settings()).of(part("first"), part("second")):
            seen.append("serves")

    asyncio.run(live())
    assert seen == ["first opens", "second opens", "serves", "second closes", "first closes"]


def test_a_server_that_got_sigterm_drains_then_refuses_then_finishes(
    start_server: Callable[..., Any], models: Path, pictures: tuple[bytes, ...]
) -> None:
    server = start_server(CUTAWAY_MODELS=str(models), CUTAWAY_DRAIN_SECONDS="3")
    url, body = urlsplit(server.url), pictures[0]
    with (
        socket.create_connection((url.hostname or "", url.port or 0), timeout=30) as begun,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        begun.sendall(head.encode() + body[:100])
        assert client.get("/readyz").is_success
        server.process.terminate()
        wait_for(lambda: client.get("/readyz").status_code == 503)
        answer = client.post(PREDICT, content=body)
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert client.get("/livez").is_success
        wait_for(lambda: client.post(PREDICT, content=body).status_code == 503)
        refused = client.post(PREDICT, content=body)
        assert refused.json()["error"]["code"] == "draining"
        assert refused.headers["x-request-id"]
        assert client.get("/livez").is_success
        begun.sendall(body[100:])
        assert begun.recv(12) == b"HTTP/1.1 200"
    assert server.process.wait(timeout=60) == 0
    assert "Traceback" not in server.log.read_text()


def wait_for(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/readyz", "/v2/health/ready"])
def test_readiness_is_an_error_in_its_own_interface_shape(path: str) -> None:
    async def ask() -> httpx.Response:
        guarded = Guarded()
        guarded.life.draining.set()
        return await guarded.get(path)

    answer = asyncio.run(ask())
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert (error if path.startswith("/v2") else error["message"]).startswith(
        "the service is ending"
    )
