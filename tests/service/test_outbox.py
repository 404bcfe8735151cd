"""Large answers leave as fast as their clients take them."""

import asyncio
from collections.abc import Callable

import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from service.errors import OverloadedError
from service.outbox import PIECE_BYTES, Outbox, OutboxGuard
from service.settings import Settings

BODY = bytes(range(256)) * 4096 + b"end"
SCOPE = {"type": "http"}


async def nothing() -> Message:
    """The client stays."""
    await asyncio.Event().wait()
    return {}


def application(body: bytes) -> Callable:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(body)(scope, receive, send)

    return answer


def test_an_answer_arrives_whole_in_pieces() -> None:
    outbox = Outbox(Settings())
    sent: list[Message] = []
    held: list[int] = []

    async def send(message: Message) -> None:
        sent.append(message)
        held.append(outbox.held_bytes)

    asyncio.run(OutboxGuard(application(BODY), outbox)(SCOPE, nothing, send))
    start, *pieces = sent
    assert dict(start["headers"])[b"content-length"] == str(len(BODY)).encode()
    assert b"".join(piece["body"] for piece in pieces) == BODY
    assert max(len(piece["body"]) for piece in pieces) == PIECE_BYTES
    assert [piece["more_body"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert held == [0] + [len(BODY)] * len(pieces)
    assert outbox.held_bytes == 0


def test_a_small_answer_passes_as_it_is() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(OutboxGuard(application(b"small"), Outbox(Settings()))(SCOPE, nothing, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


def test_what_clients_leave_untaken_is_bounded_and_given_up() -> None:
    outbox = Outbox(Settings(max_answer_bytes=len(BODY) - 1, answer_timeout_seconds=1))

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()  # as a server does whose client does not read

    async def ask() -> None:
        outbox.check()
        guard = OutboxGuard(application(BODY), outbox)
        answering = asyncio.create_task(guard(SCOPE, nothing, send))
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError, match="wait for their clients"):
            outbox.check()
        with pytest.raises(ClientDisconnect):
            await answering
        outbox.check()

    asyncio.run(ask())
