"""Clients below HTTP: requests sent in parts, answers that nobody reads."""

import socket
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

OK = b"HTTP/1.1 200 "


class Connection:
    """A connection to a server; `parts` of a request go out when the test says so."""

    def __init__(self, url: str, *, receive_bytes: int | None = None) -> None:
        """Connect; the system takes in `receive_bytes` for a client that never reads."""
        self._socket = socket.socket()
        if receive_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.settimeout(60)
        address = urlsplit(url)
        self._socket.connect((address.hostname or "", address.port or 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def begin(self, path: str, body: bytes, *, sent: int, media_type: str = "image/png") -> None:
        """The headers of a POST, and so many bytes of its body."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.send(head.encode() + body[:sent])

    def send(self, data: bytes) -> None:
        """More of it."""
        self._socket.sendall(data)

    def try_send(self, data: bytes) -> None:
        """More of it, or nothing where the server has closed."""
        with suppress(OSError):
            self._socket.sendall(data)

    def wait_for_answer(self) -> None:
        """Until its first byte is there; nothing is taken."""
        self._socket.recv(1, socket.MSG_PEEK)

    def read(self) -> bytes:
        """Everything until the server closes."""
        pieces: list[bytes] = []
        while piece := self._socket.recv(65_536):
            pieces.append(piece)
        return b"".join(pieces)
