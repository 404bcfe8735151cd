"""Connections that waste the server's time, against a real uvicorn."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from service.connections import Connection, Limits, guard_connections
from service.settings import Settings
from tests.servers import free_port
from tests.service.guards.guarded import connected, read_to_end, refusal_of

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Hurried(Connection):
    """Limits that a test can wait for."""

    limits = Limits(header_seconds=1.5, header_bytes=2000, answer_seconds=0.5, connections=5)


class Echo:
    """Answers every request with as many bytes as its path says, once `released` is set."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.released.set()
        self.done = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while not self.released.is_set():
            await asyncio.sleep(0.01)
        while (await receive()).get("more_body"):
            pass
        size = int(scope["path"].strip("/") or "2")
        headers = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while size:
            piece = b"x" * min(size, 100_000)
            size -= len(piece)
            message: Message = {"type": "http.response.body", "body": piece, "more_body": size > 0}
            await send(message)
        self.done.set()


@pytest.fixture
def app() -> Echo:
    return Echo()


@pytest.fixture
def url(app: Echo) -> Iterator[str]:
    """Where uvicorn serves the app, with those connections."""
    port = free_port()
    config = uvicorn.Config(
        app, port=port, http=Hurried, ws="none", log_config=None, lifespan="off", loop="uvloop"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    app.released.set()
    server.should_exit = True
    thread.join()


@contextmanager
def dribbling(connection: socket.socket, data: bytes) -> Iterator[None]:
    """Sends `data` again and again, slowly, until the other side has closed."""
    over = threading.Event()

    def send() -> None:
        with suppress(OSError):
            while not over.wait(0.05):
                connection.sendall(data)

    thread = threading.Thread(target=send)
    thread.start()
    yield
    over.set()
    thread.join()


def test_headers_that_never_end_are_cut_off(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        with dribbling(connection, b"x"):
            assert refusal_of(connection.recv(65_536)) == (408, "header_timeout")


def test_who_says_nothing_is_cut_off_without_a_word(url: str) -> None:
    with connected(url) as connection:
        assert read_to_end(connection) == b""


def test_lines_without_words_after_an_answer_are_cut_off(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(REQUEST)
        assert connection.recv(65_536).endswith(b"xx")
        with dribbling(connection, b"\r\n"):
            assert refusal_of(connection.recv(65_536)) == (408, "header_timeout")


def test_headers_that_come_slowly_and_in_time_are_answered(url: str) -> None:
    with connected(url) as connection:
        for byte in REQUEST:
            connection.sendall(bytes([byte]))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_who_waits_between_requests_is_not_cut_off(url: str) -> None:
    with connected(url) as connection:
        for _ in range(2):
            connection.sendall(REQUEST)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            time.sleep(2.5)  # longer than headers may take, shorter than uvicorn keeps it


def test_headers_that_are_too_long_are_refused(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 2000)
        assert refusal_of(read_to_end(connection)) == (431, "headers_too_large")


def test_a_long_body_is_no_long_header(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n")
        for _ in range(50):
            connection.sendall(b"x" * 1000)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "endless",
    [b"1;extension=", b"2\r\nxx\r\n0\r\nX-Trailer: ", b"2\r\nxx\r\n0\r\n" + b"a: b\r\n" * 400],
)
def test_what_surrounds_a_body_may_be_no_longer_than_headers(url: str, endless: bytes) -> None:
    with connected(url) as connection:
        connection.sendall(CHUNKED + endless)
        time.sleep(0.1)
        connection.sendall(b"x" * 2001)
        assert refusal_of(read_to_end(connection)) == (431, "headers_too_large")


def test_a_body_in_chunks_of_a_byte_is_received(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(CHUNKED)
        for _ in range(50):
            connection.sendall(b"1\r\nx\r\n" * 100)
        connection.sendall(b"0\r\nX-Trailer: fine\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\x00", b"nonsense\r\n\r\n"])
def test_what_is_not_http_is_refused_in_the_one_shape(url: str, garbage: bytes) -> None:
    with connected(url) as connection:
        connection.sendall(garbage)
        assert refusal_of(read_to_end(connection)) == (400, "malformed_request")


def test_a_whole_request_is_answered_whatever_comes_after_it(url: str, app: Echo) -> None:
    app.released.clear()
    with connected(url) as connection:
        connection.sendall(REQUEST + b"\x00nonsense\r\n\r\n")
        time.sleep(0.1)
        app.released.set()
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1") == 1


def test_the_head_of_a_next_request_does_not_cut_off_this_one(url: str, app: Echo) -> None:
    app.released.clear()
    with connected(url) as connection:
        connection.sendall(REQUEST + b"GET / HT")
        time.sleep(2.5)
        app.released.set()
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_who_never_reads_an_answer_is_cut_off(url: str, app: Echo) -> None:
    with connected(url) as connection:
        connection.sendall(b"GET /64000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert app.done.wait(30), "the answer waits for ever"


def test_who_sends_requests_and_never_reads_is_cut_off(url: str) -> None:
    def ask_on(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"GET /60000 HTTP/1.1\r\nHost: x\r\n\r\n" * 100)

    with connected(url) as connection, pytest.raises(OSError, match=r"reset|Broken pipe"):
        ask_on(connection)


def test_one_connection_too_many_is_told_to_come_again(url: str) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            kept = stack.enter_context(connected(url))
            kept.sendall(REQUEST)
            assert kept.recv(65_536).startswith(b"HTTP/1.1 200")
        answer = read_to_end(stack.enter_context(connected(url)))
        assert refusal_of(answer) == (503, "too_many_connections")
        assert b"\r\nretry-after: 1\r\n" in answer


def test_nobody_speaks_websockets_here(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_what_bentoml_starts_has_these_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "limits", Limits())
    settings = Settings(header_timeout_seconds=7, max_connections=11, max_header_bytes=13)
    guard_connections(settings)
    config = uvicorn.Config("tests.servers:free_port", log_config=None)
    config.load()
    assert config.http_protocol_class is Connection
    assert config.ws_protocol_class is None
    limits = Connection.limits
    assert (limits.header_seconds, limits.connections, limits.header_bytes) == (7, 11, 13)


def test_connections_leave_room_among_the_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1000, 4000))
    assert Limits.of(Settings()).connections == 750
