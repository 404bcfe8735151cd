"""A proxy before an object store that fails in the ways networks and servers do.

It lets one request at a time through: moto checks a condition and writes without a lock between,
so that two conditional puts at once might both succeed, which real stores rule out.
"""

import http.client
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

ASK_SECONDS = 60


class Fault(Enum):
    """What becomes of a request."""

    NONE = auto()
    REFUSED = auto()  # 500; it was not done
    FORGOTTEN = auto()  # 500; it was done
    CUT = auto()  # the connection is reset; it was not done
    SWALLOWED = auto()  # the connection is reset; it was done
    CONFLICT = auto()  # 409; it was not done
    FORBIDDEN = auto()  # 403; it was not done
    STALLED = auto()  # it was done, and nobody ever answers


UNDONE = frozenset((Fault.REFUSED, Fault.CONFLICT, Fault.FORBIDDEN, Fault.CUT))
ERRORS = {
    Fault.REFUSED: (500, "InternalError"),
    Fault.FORGOTTEN: (500, "InternalError"),
    Fault.CONFLICT: (409, "ConditionalRequestConflict"),
    Fault.FORBIDDEN: (403, "AccessDenied"),
}

Choice = Callable[[str, str], Fault]
"""(method, path) → what becomes of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class FaultyProxy(ThreadingHTTPServer):
    """Listens on a free port of loopback."""

    daemon_threads = True
    block_on_close = False  # whoever is stalled is left alone

    def __init__(self, server: str, choose: Choice) -> None:
        """Listen.

        Args:
            server: where requests go: `http://127.0.0.1:…`.
            choose: what becomes of each; called by one thread at a time.
        """
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.met: Counter[Fault] = Counter()
        self.ended = threading.Event()
        self._target = urlsplit(server)
        self._choose = choose
        self._one = threading.Lock()

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        """The fault that a request meets, and the server's answer where it was asked."""
        with self._one:
            fault = self._choose(method, path)
            self.met[fault] += 1
            if fault in UNDONE:
                return fault, None
            return fault, self._ask(method, path, headers, body)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has hung up is what this is about."""

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Ask the server."""
        upstream = http.client.HTTPConnection(self._target.netloc, timeout=ASK_SECONDS)
        try:
            upstream.request(method, path, body, headers)
            answer = upstream.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            upstream.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    @property
    def _proxy(self) -> FaultyProxy:
        """Whose connection it is."""
        assert isinstance(self.server, FaultyProxy)
        return self.server

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault, answer = self._proxy.pass_on(self.command, self.path, dict(self.headers), body)
        if fault in (Fault.CUT, Fault.SWALLOWED):
            self._reset()
        elif fault is Fault.STALLED:
            self._proxy.ended.wait()
            self._reset()
        elif fault in ERRORS:
            status, code = ERRORS[fault]
            self._answer(Answer(status, [], f"<Error><Code>{code}</Code></Error>".encode()))
        else:
            self._answer(answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on  # noqa: N815  the base's names

    def _answer(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        kept = [(k, v) for k, v in answer.headers if k.lower() not in _OURS]
        for name, value in kept:
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(answer.body)))
        else:
            lengths = [v for k, v in answer.headers if k.lower() == "content-length"]
            self.send_header("Content-Length", lengths[0] if lengths else "0")
        self.end_headers()
        self.wfile.write(answer.body)

    def _reset(self) -> None:
        """RST instead of an end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's name
        """A line a request is of no use."""


_OURS = frozenset(("content-length", "transfer-encoding", "connection"))


@contextmanager
def faulty_proxy(server: str, choose: Choice) -> Iterator[FaultyProxy]:
    """A proxy, while it runs."""
    with FaultyProxy(server, choose) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.ended.set()
            proxy.shutdown()
            thread.join()


def no_fault(method: str, path: str) -> Fault:
    """Everything goes through."""
    del method, path
    return Fault.NONE


def random_faults(seed: int, **shares: float) -> Choice:
    """Dice.

    Args:
        seed: of the dice.
        shares: fault, in small letters → share of the requests that meet it.
    """
    dice = random.Random(seed)  # noqa: S311  faults, no secret

    def choose(method: str, path: str) -> Fault:
        del method, path
        rest = dice.random()
        for name, share in shares.items():
            rest -= share
            if rest < 0:
                return Fault[name.upper()]
        return Fault.NONE

    return choose
