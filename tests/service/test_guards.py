"""The guard at the door, by itself."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from service.errors import BodyTimeoutError, BodyTooLargeError, OverloadedError
from service.guards import BodyGuard
from service.settings import Settings

SCOPE = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that wants the whole body."""
    await Request(scope, receive, send).body()


async def nobody(_: Message) -> None:
    """Nobody listens."""


def pieces(*sizes: int) -> Receive:
    """A body that comes in pieces, the last of which never ends it."""
    left = list(sizes)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": bytes(left.pop(0)), "more_body": True}

    return receive


def test_a_body_that_does_not_arrive_is_refused_after_its_time() -> None:
    guard = BodyGuard(read_all, Settings(body_timeout_seconds=1))
    with pytest.raises(BodyTimeoutError, match="within 1 s; received 12 bytes"):
        asyncio.run(guard(SCOPE, pieces(5, 7), nobody))


def test_all_bodies_together_are_bounded_and_forgotten_afterwards() -> None:
    async def ask() -> None:
        guard = BodyGuard(read_all, Settings(max_buffered_bytes=100))
        first = asyncio.create_task(guard(SCOPE, pieces(60), nobody))
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            await guard(SCOPE, pieces(60), nobody)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second = asyncio.create_task(guard(SCOPE, pieces(60), nobody))
        await asyncio.sleep(0)
        assert not second.done()
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)

    asyncio.run(ask())


def test_a_body_that_was_refused_is_forgotten_too() -> None:
    async def ask() -> None:
        guard = BodyGuard(read_all, Settings(max_buffered_bytes=100, max_body_bytes=50))
        for _ in range(3):
            with pytest.raises(BodyTooLargeError):
                await guard(SCOPE, pieces(30, 30), nobody)
        three = asyncio.gather(*(guard(SCOPE, pieces(45), nobody) for _ in range(3)))
        with pytest.raises(OverloadedError):  # none of those made room for more than there is
            await three

    asyncio.run(ask())
