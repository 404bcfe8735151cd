"""Connections that waste the server's time are closed.

uvicorn waits for ever for the end of a request's headers, keeps whatever of them has come, and
waits for ever for a client to take its answer; BentoML, which starts it, has no settings for that.
"""

import asyncio
import resource
from dataclasses import dataclass
from typing import ClassVar

import orjson
from uvicorn._types import ASGI3Application
from uvicorn.config import HTTP_PROTOCOLS, WS_PROTOCOLS
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.families import Counts
from service.settings import Settings

LOOK_SECONDS = 0.5
"""How often each connection is looked at."""
_GRACE_SECONDS = 2.0
"""The outbox, which knows whose answer it is, gives up a large one first."""
_TIMEOUT, _UNAVAILABLE = 408, 503
closed = Counts("cutaway_connections_closed", "Connections closed by their guard.", ("reason",))
"""The reasons are the codes of `Connection`, and `answer_not_taken`."""
_CLOSING = b"connection: close\r\ncontent-type: application/json\r\nx-content-type-options: nosniff"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a connection, and how many there may be."""

    header_seconds: float = 10.0
    header_bytes: int = 65_536
    answer_seconds: float = 20.0
    connections: int = 1_000_000

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """As they are set."""
        return cls(
            settings.header_timeout_seconds,
            settings.max_header_bytes,
            settings.answer_timeout_seconds + _GRACE_SECONDS,
            settings.max_connections or _most_connections(),
        )


def _most_connections() -> int:
    """Three quarters of the files that may be open: models and clients' ends need some, too.

    Where there are none left, nobody is answered, and accepting is tried again without a pause.
    """
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4


class Connection(HttpToolsProtocol):
    """uvicorn's connection, closed when its client is too slow, too long or one too many."""

    limits: ClassVar[Limits] = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's
        """Somebody has come."""
        super().connection_made(transport)
        self._head_since: float | None = self.loop.time()
        self._progress = 0
        self._vain_bytes = 0
        self._stuck_since: float | None = None
        self._running: RequestResponseCycle | None = None
        self._timer = self.loop.call_later(LOOK_SECONDS, self._look)
        if len(self.connections) > self.limits.connections:
            self._refuse(503, "too_many_connections", "too many connections; try again later")

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        self._timer.cancel()
        if self._running is not None:  # uvicorn tells only the last of several that came together
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes; the first after an answer begin another request's headers."""
        if self._head_since is None and not self._answering():
            self._head_since = self.loop.time()
        progress = self._progress
        super().data_received(data)
        if self._progress != progress:
            self._vain_bytes = 0
            return
        self._vain_bytes += len(data)
        if self._vain_bytes > self.limits.header_bytes:
            message = f"expected headers of at most {self.limits.header_bytes} bytes"
            self._refuse(431, "headers_too_large", message)

    def on_message_begin(self) -> None:
        """The parser saw a request's first byte, perhaps while another is answered."""
        super().on_message_begin()
        if self._head_since is None:
            self._head_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """The parser saw the end of a request's headers."""
        self._head_since = None
        self._progress += 1
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Of several requests that came together, one is worked on at a time."""
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """The parser saw some of a body. Until it does, it may be reading a chunk's endless
        extension, or the endless headers that may follow the last chunk."""
        self._progress += 1
        super().on_body(body)

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is written."""
        self._stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has taken nearly all."""
        self._stuck_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Not HTTP. What came before it as a whole request is still answered."""
        if self._answering() and not self.cycle.more_body:
            self.cycle.keep_alive = False
        else:
            self._refuse(400, "malformed_request", msg)

    def _answering(self) -> bool:
        """Whether a request is under way."""
        return bool(self.cycle) and not self.cycle.response_complete

    def _look(self) -> None:
        """Close it if it is late."""
        now = self.loop.time()
        self._timer = self.loop.call_later(LOOK_SECONDS, self._look)
        if self.transport.is_closing() and self._stuck_since is None:
            self._stuck_since = now  # what is left to be sent needs a client that takes it
        if self._stuck_since is not None:
            if now - self._stuck_since > self.limits.answer_seconds:
                closed.add("answer_not_taken")
                self.transport.abort()
        elif self._head_since is not None and not self._answering():
            self._look_at_head(now - self._head_since)

    def _look_at_head(self, seconds: float) -> None:
        """Close it if the headers are late."""
        if seconds > self.limits.header_seconds:
            message = f"the headers did not arrive within {self.limits.header_seconds:g} s"
            self._refuse(408, "header_timeout", message)

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer and close; only close where an answer has begun, or nothing was asked."""
        closed.add(code)
        begun = self._answering() and self.cycle.response_started
        if begun:
            self.transport.abort()
        if self.transport.is_closing():
            return
        if status != _TIMEOUT or self._vain_bytes:
            body = orjson.dumps({"error": {"code": code, "message": message, "details": {}}})
            head = b"HTTP/1.1 %d %s\r\n%b\r\ncontent-length: %d\r\n%b\r\n" % (
                status,
                code.replace("_", " ").encode(),
                _CLOSING,
                len(body),
                b"retry-after: 1\r\n" if status == _UNAVAILABLE else b"",
            )
            self.transport.write(head + body)
        self.transport.close()


def guard_connections(settings: Settings) -> None:
    """Have uvicorn take these connections, and no WebSockets, which nothing here speaks.

    Whoever starts uvicorn without naming a protocol gets what its tables call `auto`.
    """
    Connection.limits = Limits.of(settings)
    HTTP_PROTOCOLS["auto"] = f"{__name__}:{Connection.__name__}"
    WS_PROTOCOLS["auto"] = WS_PROTOCOLS["none"]
