"""How many requests one client may have under way."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from service.clients import ClientGuard
from tests.service.guards.guarded import Guarded, connected

PREDICT = "/v1/models/colours/predict"


def head(token: str, length: int) -> bytes:
    """A request whose body is still to come."""
    lines = [
        f"POST {PREDICT} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {token}",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_one_more_than_allowed_is_429_and_costs_the_others_nothing(
    guarded: Guarded, refused: Callable, pictures: tuple[bytes, ...]
) -> None:
    with ExitStack() as stack:
        mine, other = guarded.client("predict"), guarded.client("all")
        stack.enter_context(mine)
        stack.enter_context(other)
        for _ in range(4):
            waiting = stack.enter_context(connected(guarded.server.url))
            waiting.sendall(head(guarded.tokens["predict"], 100))
        answers = iter(lambda: mine.post(PREDICT, content=pictures[0]), None)
        answer = next(answer for answer in answers if answer.status_code != 200)
        error = refused(answer, 429, "too_many_requests")
        assert error["details"] == {"max_client_requests": 4}
        assert answer.headers["retry-after"] == "1"
        assert other.post(PREDICT, content=pictures[0]).status_code == 200
        assert mine.get("/readyz").status_code == 200, "health is not counted"
    with guarded.client("predict") as client:
        answers = iter(lambda: client.post(PREDICT, content=pictures[0]), None)
        next(answer for answer in answers if answer.status_code == 200)


def test_without_keys_addresses_are_counted_and_forgotten() -> None:
    entered = asyncio.Event()

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        entered.set()
        await receive()

    async def ask() -> list[int]:
        guard = ClientGuard(app, 1)
        statuses: list[int] = []

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def request(address: str, gone: asyncio.Event) -> None:
            async def receive() -> Message:
                await gone.wait()
                return {"type": "http.disconnect"}

            scope = {"type": "http", "path": "/x", "client": (address, 1), "headers": []}
            await guard(scope, receive, send)

        leave = asyncio.Event()
        first = asyncio.create_task(request("192.0.2.1", leave))
        await entered.wait()
        await request("192.0.2.1", leave)
        other = asyncio.create_task(request("192.0.2.2", leave))
        leave.set()
        await asyncio.gather(first, other)
        await request("192.0.2.1", leave)
        assert guard._cap._running == {}, "an address is kept for no longer than it asks"
        return statuses

    assert asyncio.run(ask()) == [429]


@pytest.fixture(autouse=True)
def still_answers(guarded: Guarded) -> Iterator[None]:
    yield
    assert httpx.get(f"{guarded.server.url}/readyz").status_code == 200
