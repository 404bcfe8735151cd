"""Compressed bodies, inflated piece by piece: whoever counts a body counts what it becomes."""

import asyncio
import zlib
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BodyEncodingError, UnknownEncodingError

PIECE_BYTES = 256 * 1024
"""Inflated at a time, in a millisecond or less: 32 kB of zeros become 32 MB."""
_GZIP, _ZLIB, _RAW = 31, 15, -15
_DEFLATED = 8
"""The low half of a zlib header's first byte; many clients leave that header out."""
_ENCODINGS = frozenset((b"gzip", b"x-gzip", b"deflate"))


class Inflation:
    """ASGI middleware: bodies in gzip or deflate arrive as if they had been sent without."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        if scope["type"] == "http":
            names = [value for name, value in scope["headers"] if name == b"content-encoding"]
            encoding = b",".join(names).strip().lower()
            if encoding not in (b"", b"identity"):
                receive = Inflated(receive, encoding)
        await self.app(scope, receive, send)


class Inflated:
    """What `receive` gives, inflated."""

    def __init__(self, receive: Receive, encoding: bytes) -> None:
        self._receive = receive
        self._encoding = encoding
        self._stream: Any = None
        self._rest = b""
        self._more = True
        self._ended = False

    async def __call__(self) -> Message:
        """The next piece, of `PIECE_BYTES` at most.

        Raises:
            UnknownEncodingError: neither gzip nor deflate.
            BodyEncodingError: it does not inflate, ends before its end, or goes on after it.
        """
        if self._ended:
            return await self._receive()
        if self._encoding not in _ENCODINGS:
            raise self._failed(
                UnknownEncodingError(
                    "Content-Encoding: expected gzip, deflate or none, received "
                    f"{self._encoding.decode('latin-1')[:64]!r}"
                )
            )
        while True:
            if not self._rest and self._more:
                message = await self._receive()
                if message["type"] != "http.request":
                    return message
                self._rest = message.get("body", b"")
                self._more = message.get("more_body", False)
            piece = self._inflate()
            if self._complete(piece):
                self._ended = True
                return {"type": "http.request", "body": piece, "more_body": False}
            if piece:
                await asyncio.sleep(0)  # others' turn: what follows may be here already
                return {"type": "http.request", "body": piece, "more_body": True}

    def _inflate(self) -> bytes:
        """The next piece of what came; nothing where there is no more of it."""
        if self._stream is None:
            if not self._rest:
                return b""
            bits = _GZIP
            if self._encoding == b"deflate":
                bits = _ZLIB if self._rest[0] & 0x0F == _DEFLATED else _RAW
            self._stream = zlib.decompressobj(bits)
        if self._stream.eof:
            return b""
        try:
            piece = self._stream.decompress(self._rest, PIECE_BYTES)
        except zlib.error as error:
            raise self._broken("does not inflate") from error
        self._rest = self._stream.unused_data or self._stream.unconsumed_tail
        return piece

    def _complete(self, piece: bytes) -> bool:
        """Whether this piece was the last.

        Raises:
            BodyEncodingError: the body ends elsewhere than its compressed data.
        """
        if self._stream is not None and self._stream.eof:
            if self._rest:
                raise self._broken("goes on after its end")
            return not self._more
        if self._more or self._rest or len(piece) == PIECE_BYTES:
            return False
        if self._stream is not None:
            raise self._broken("ends before its end")
        return True  # an empty body is none

    def _broken(self, how: str) -> Exception:
        return self._failed(
            BodyEncodingError(
                f"the body {how} as {self._encoding.decode()}, which its Content-Encoding says"
            )
        )

    def _failed(self, error: Exception) -> Exception:
        """What is still to come is passed on as it is, for whoever throws it away."""
        self._ended = True
        return error
