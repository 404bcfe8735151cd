"""Several requests at once on one connection."""

import socket
import time
from urllib.parse import urlsplit

from tests.fuzz.conftest import FuzzServer
from tests.servers import Server

BODY = b"no picture"
HEAD = b"POST /v1/models/plain/predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


def connect(server: Server) -> socket.socket:
    url = urlsplit(server.url)
    assert url.hostname
    assert url.port
    return socket.create_connection((url.hostname, url.port), timeout=30)


def test_requests_that_come_together_are_answered_in_their_order(fuzz_server: FuzzServer) -> None:
    with connect(fuzz_server.server) as connection:
        ids = [f"number-{index}" for index in range(5)]
        for name in ids:
            head = HEAD % len(BODY)
            connection.sendall(head[:-2] + f"X-Request-ID: {name}\r\n\r\n".encode() + BODY)
        received = b""
        while received.count(b"unsupported_image") < len(ids):
            received += connection.recv(65_536)
    found = [name for name in ids if name.encode() in received]
    assert found == ids
    assert sorted(ids, key=lambda name: received.index(name.encode())) == ids


def test_a_client_that_leaves_several_requests_is_no_failure(fuzz_server: FuzzServer) -> None:
    before = fuzz_server.log_text().count("Traceback")
    for _ in range(20):
        with connect(fuzz_server.server) as connection:
            connection.sendall((HEAD % len(BODY) + BODY) * 2)
    time.sleep(0.5)
    assert fuzz_server.log_text().count("Traceback") == before
