"""What is no HTTP, or stops in the middle: a real server goes on, and lets go of the connection."""

import errno
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from hypothesis import strategies as st

from tests.fuzz.conftest import FuzzServer
from tests.fuzz.damage import Damage, damages
from tests.fuzz.image_files import PNGS
from tests.fuzz.rounds import fuzz
from tests.servers import Server

HANG_SECONDS = 30
WAIT_SECONDS = 0.3
HEARD_ENOUGH = (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN)
"""The server has closed while the client still sent, or before it said that it had ended."""
GOOD = PNGS[0]
TARGETS = [
    *("/v1/models/plain/predict",) * 6,
    *("/v2/models/plain/infer", "/readyz", "/v1/models", "*", "/", "//", "/%", "/%00", "/%ff"),
    *("http://elsewhere/v1/models", "plain", "/" + "a" * 70_000, "/v1/models/plain/../predict", ""),
    *("/v1/models/plain/predict?" + "top_k=1&" * 2000, "/v1/models/%2e%2e/predict", "/\u00e9"),
]
METHODS = [
    *("POST",) * 6,
    "GET",
    "HEAD",
    "OPTIONS",
    "PUT",
    "CONNECT",
    "TRACE",
    "PRI",
    "post",
    "",
    "P" * 99,
]
VERSIONS = [*("HTTP/1.1",) * 8, "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP/1.", "", "ICY"]
HEADERS = [
    *(
        "Host: x",
        "Host: x",
        "Host: y",
        "Connection: close",
        "Connection: keep-alive, x",
        "Upgrade: h2c",
    ),
    *("Connection: Upgrade", "Expect: 100-continue", "Expect: nothing", "Content-Length: 0"),
    *("Content-Length: -1", "Content-Length: 1e3", "Content-Length: 99999999999999999999999"),
    *("Content-Length: 5, 5", "Content-Length: +5", "Transfer-Encoding: chunked, identity"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding : chunked"),
    *("X: " + "a" * 70_000, " folded: x", "no colon", ": no name", "X: \x00", "X:\x7f\u00e9"),
    *("Content-Type: multipart/form-data; boundary=x", "Content-Type: \u00e9", "X-Request-ID: a b"),
    *(
        "Accept: text/event-stream",
        "Range: bytes=0-1",
        "Cookie: " + "a=b;" * 999,
        "Forwarded: for=x",
    ),
    "Inference-Header-Content-Length: 9",
]


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, str]:
    """A request, or two where the client waits, sometimes damaged; and how the client ends."""
    sent, ending = b"", draw(st.sampled_from(["half", "half", "reset", "leave", "wait"]))
    for _ in range(draw(st.integers(1, 2 if ending == "wait" else 1))):
        target, body = (
            draw(st.sampled_from(TARGETS)),
            draw(st.sampled_from([GOOD, b"", b"x" * 999])),
        )
        lines = [f"{draw(st.sampled_from(METHODS))} {target} {draw(st.sampled_from(VERSIONS))}"]
        lines += draw(st.lists(st.sampled_from(HEADERS), max_size=3))
        if draw(st.booleans()):
            lines.append("Transfer-Encoding: chunked")
            size = draw(
                st.sampled_from([f"{len(body):x}"] * 3 + ["0", "-1", "f" * 17, "zz", "1;a=b"])
            )
            body = size.encode() + b"\r\n" + body + b"\r\n0\r\n\r\n"
        else:
            wrong = draw(st.sampled_from([0, 0, 0, 1, -1, 10_000]))
            lines.append(f"Content-Length: {max(len(body) + wrong, 0)}")
        end = draw(st.sampled_from(["\r\n"] * 5 + ["\n", "\r"]))
        sent += (end.join(lines) + end * 2).encode("utf-8") + body
    done: list[Damage] = draw(st.just([]) | damages(3))
    for damage in done:
        sent = damage.apply(sent)
    return sent, ending


def converse(address: tuple[str, int], sent: bytes, ending: str) -> bytes:
    """What comes back; a client that leaves hears nothing."""
    with socket.create_connection(address, timeout=HANG_SECONDS) as connection:
        try:
            connection.sendall(sent)
            if ending == "leave":
                return b""
            if ending == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return b""
            if ending == "half":
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(65_536), b""))
            connection.settimeout(WAIT_SECONDS)
            return connection.recv(65_536)
        except TimeoutError:
            assert ending == "wait", "the server keeps a connection that the client has ended"
            return b""  # it waits for the rest of a request
        except OSError as error:
            if error.errno not in HEARD_ENOUGH:
                raise
            return b""


def open_files(server: Server) -> int:
    [worker] = server.workers()
    return len(list(Path(f"/proc/{worker}/fd").iterdir()))


def failures(server: FuzzServer) -> int:
    """Tracebacks in the log."""
    return server.log_text().count("Traceback")


def test_nothing_that_is_sent_is_our_fault(fuzz_server: FuzzServer) -> None:
    url = urlsplit(fuzz_server.server.url)
    assert url.hostname
    assert url.port
    address = (url.hostname, url.port)
    predict = f"{fuzz_server.server.url}/v1/models/plain/predict"
    before, failed = open_files(fuzz_server.server), failures(fuzz_server)

    def check(case: tuple[bytes, str]) -> None:
        received = converse(address, *case)
        if received:
            assert received.startswith(b"HTTP/1."), received[:200]
            assert received[8:12] != b" 500", received[:500]
            assert b"Traceback" not in received

    fuzz(messages(), check, share=0.01)
    assert httpx.post(predict, content=GOOD).status_code == 200
    assert 'status="500"' not in httpx.get(f"{fuzz_server.server.url}/metrics").text
    assert failures(fuzz_server) == failed
    assert open_files(fuzz_server.server) <= before + 2, "connections are left open"
