"""Large answers on their way out: as fast as their clients take them, and not too many at a time.

An answer that nobody reads would lie in memory for as long as its client likes; a hundred of 64 MB
are more than most machines have.
"""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import OverloadedError
from service.settings import Settings

PIECE_BYTES = 256 * 1024
"""The server's own buffer takes one piece more than 64 kB, then it waits for the client."""


class Outbox:
    """What the answers of all requests hold until their clients have taken them."""

    def __init__(self, settings: Settings) -> None:
        self.held_bytes = 0
        self.timeout_seconds = settings.answer_timeout_seconds
        self._max_bytes = settings.max_answer_bytes

    def check(self) -> None:
        """Raise OverloadedError while clients leave too much untaken."""
        if self.held_bytes > self._max_bytes:
            raise OverloadedError(
                f"{self.held_bytes} bytes of answers wait for their clients, and there is room for "
                f"{self._max_bytes}; try again later"
            )


class OutboxGuard:
    """ASGI middleware: answers larger than a piece leave piece by piece, counted meanwhile."""

    def __init__(self, app: ASGIApp, outbox: Outbox) -> None:
        self.app = app
        self._outbox = outbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""

        async def send_in_pieces(message: Message) -> None:
            body = message.get("body", b"")
            if len(body) <= PIECE_BYTES:
                await send(message)
                return
            self._outbox.held_bytes += len(body)
            try:
                await self._send_pieces(message, memoryview(body), send)
            finally:
                self._outbox.held_bytes -= len(body)

        await self.app(scope, receive, send_in_pieces)

    async def _send_pieces(self, message: Message, body: memoryview, send: Send) -> None:
        """Raise ClientDisconnect if a piece is not taken in time."""
        more_after = message.get("more_body", False)
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]
            more = more_after or start + len(piece) < len(body)
            try:
                async with asyncio.timeout(self._outbox.timeout_seconds):
                    await send({**message, "body": piece, "more_body": more})
            except TimeoutError as error:
                raise ClientDisconnect from error
