"""The guard at the door: how large a body may be, how long it may take, what all may hold.

It counts while the body streams, so a body of 200 MB is refused at the first byte too many (at
none, where Content-Length says so) instead of after all of it.
"""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BodyTimeoutError, BodyTooLargeError, OverloadedError
from service.settings import Settings

LINGER_SECONDS = 2.0
"""How long a refused body is read and thrown away after its answer. A connection that is closed
on bytes nobody read is reset, and the reset can overtake the answer."""


class BodyGuard:
    """ASGI middleware: bodies within `Settings.max_body_bytes`, `body_timeout_seconds`, and, of
    all requests together, `max_buffered_bytes`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._settings = settings
        self._buffered_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive, send, self._settings, scope)
        try:
            await self.app(scope, lambda: self._receive(body), body.send)
        finally:
            self._buffered_bytes -= body.held_bytes

    async def _receive(self, body: "_Body") -> Message:
        """One piece of the body, counted for this request and for all."""
        before = body.held_bytes
        message = await body.receive()
        self._buffered_bytes += body.held_bytes - before
        if self._buffered_bytes > self._settings.max_buffered_bytes:
            raise OverloadedError("too many requests are being received; try again later")
        return message


class _Body:
    """One request's body on its way in, and the connection's end if it was not all read."""

    def __init__(self, receive: Receive, send: Send, settings: Settings, scope: Scope) -> None:
        self.held_bytes = 0
        self._receive = receive
        self._send = send
        self._max_bytes = settings.max_body_bytes
        self._timeout_seconds = settings.body_timeout_seconds
        self._due: float | None = None
        self._announced_bytes, chunked = _announced(scope)
        self._complete = not (self._announced_bytes or chunked)
        self._closing = False

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            BodyTooLargeError: it is one too many, or Content-Length said so.
            BodyTimeoutError: it did not come in time.
        """
        if self._complete:  # only the client's leaving is still to come, in its own time
            return await self._receive()
        self._check_size(self._announced_bytes)
        message = await self._next()
        size = self.held_bytes + len(message.get("body", b""))
        self._check_size(size)
        self.held_bytes = size
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on; after it, close a connection whose body was not all read."""
        if self._complete and not self._closing:
            await self._send(message)
            return
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            message = {**message, "headers": headers}
            self._closing = True
        if message["type"] != "http.response.body" or message.get("more_body", False):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        with suppress(TimeoutError):
            await asyncio.wait_for(self._discard(), LINGER_SECONDS)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self) -> Message:
        """The next piece, within what is left of the time for the whole body."""
        loop = asyncio.get_running_loop()
        if self._due is None:
            self._due = loop.time() + self._timeout_seconds
        try:
            async with asyncio.timeout_at(self._due):
                return await self._receive()
        except TimeoutError as error:
            raise BodyTimeoutError(
                f"the body did not arrive within {self._timeout_seconds} s; "
                f"received {self.held_bytes} bytes",
                timeout_seconds=self._timeout_seconds,
                received_bytes=self.held_bytes,
            ) from error

    async def _discard(self) -> None:
        """Read the rest and keep nothing."""
        while (await self._receive()).get("more_body", False):
            pass

    def _check_size(self, size: int) -> None:
        """Raise BodyTooLargeError above the cap."""
        if size > self._max_bytes:
            raise BodyTooLargeError(
                f"expected a body of at most {self._max_bytes} bytes, received {size} or more",
                max_body_bytes=self._max_bytes,
            )


def _announced(scope: Scope) -> tuple[int, bool]:
    """Content-Length, 0 where there is none, and whether a body may come without.

    The HTTP parser has refused a length that is no number.
    """
    length, chunked = 0, False
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"transfer-encoding":
            chunked = True
    return length, chunked
