"""A server with every guard up, and connections of which a test writes every byte itself."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.servers import Server

ORIGIN = "https://app.example"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server that asks for keys; `tokens` by what each may."""

    server: Server
    tokens: dict[str, str]
    keys: Path

    def client(self, who: str = "all") -> httpx.Client:
        """A client with that key."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=30)

    def stranger(self) -> httpx.Client:
        """A client without one."""
        return httpx.Client(base_url=self.server.url, timeout=30)


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A connection of which a test writes every byte itself."""
    host, _, port = url.removeprefix("http://").partition(":")
    with closing(socket.create_connection((host, int(port)), timeout=30)) as connection:
        yield connection


def read_to_end(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    pieces: list[bytes] = []
    while piece := connection.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def refusal_of(answer: bytes) -> tuple[int, str]:
    """Status and code of a raw answer in the one error shape."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["error"]["code"]
