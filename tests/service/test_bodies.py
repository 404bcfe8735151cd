"""Bodies that are too large, too slow, or not the form they claim to be."""

import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

PREDICT = "/v1/models/colours/predict"
MEGABYTE = 1_000_000


def connect(client: httpx.Client) -> socket.socket:
    url = urlsplit(str(client.base_url))
    assert url.hostname
    assert url.port
    return socket.create_connection((url.hostname, url.port), timeout=30)


def answer_of(connection: socket.socket) -> bytes:
    """Everything the server says until it closes the connection."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def test_an_announced_body_of_200_megabytes_is_413_before_any_of_it_is_sent(
    client: httpx.Client,
) -> None:
    with connect(client) as connection:
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {200 * MEGABYTE}\r\n\r\n"
        connection.sendall(head.encode())
        answer = answer_of(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert b'"body_too_large"' in answer


def test_a_streamed_body_of_200_megabytes_is_413_before_all_of_it_is_read(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += MEGABYTE
            yield bytes(MEGABYTE)

    answer = client.post(PREDICT, content=endless())
    error = refused(answer, 413, "body_too_large")
    assert error["details"] == {"max_body_bytes": 32 * MEGABYTE}


def test_a_client_that_sends_everything_before_it_listens_still_hears_413(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    answer = client.post(PREDICT, content=bytes(40 * MEGABYTE))
    refused(answer, 413, "body_too_large")


def test_a_large_body_to_nowhere_is_not_read(client: httpx.Client) -> None:
    with connect(client) as connection:
        head = f"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: {200 * MEGABYTE}\r\n\r\n"
        connection.sendall(head.encode())
        assert answer_of(connection).startswith(b"HTTP/1.1 404 ")


def test_a_client_that_hangs_up_leaves_nothing_behind(client: httpx.Client) -> None:
    for _ in range(20):
        with connect(client) as connection:
            head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nsome"
            connection.sendall(head.encode())
    time.sleep(0.3)
    log = client.get("/metrics").text
    assert 'status="500"' not in log


def test_one_request_may_bring_so_many_pictures_and_no_more(
    client: httpx.Client, pictures: tuple[bytes, ...], refused: Callable[..., dict]
) -> None:
    answer = client.post(PREDICT, files=[("image", pictures[0])] * 64)
    assert len(answer.json()["results"]) == 64
    answer = client.post(PREDICT, files=[("image", pictures[0])] * 65)
    refused(answer, 413, "too_many_images")


def form(boundary: str, body: bytes) -> dict:
    return {
        "content": body,
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    }


PART = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nabc'


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (PART.replace(b"--x", b"--y") + b"\r\n--y--\r\n", "boundary"),
        (PART, "ends before its last boundary"),
        (b"", "ends before its last boundary"),
        (b"no form at all", "boundary"),
        (b"--x\r\n" + b"A: b\r\n" * 100 + b"\r\n\r\n--x--\r\n", "header"),
        (b"--x\r\nA: " + b"b" * 100_000 + b"\r\n\r\n\r\n--x--\r\n", "header"),
    ],
)
def test_a_broken_form_is_400(
    client: httpx.Client, refused: Callable[..., dict], body: bytes, says: str
) -> None:
    answer = client.post(PREDICT, **form("x", body))
    assert says in refused(answer, 400, "malformed_multipart")["message"].lower()


def test_a_form_without_a_boundary_is_400(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    answer = client.post(PREDICT, content=PART, headers=headers)
    refused(answer, 400, "malformed_multipart")


def test_a_content_type_longer_than_any_boundary_needs_is_400(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    longest = form("x" * (512 - len("multipart/form-data; boundary=")), PART)
    error = refused(client.post(PREDICT, **longest), 400, "malformed_multipart")
    assert "at most 512" not in error["message"]
    answer = client.post(PREDICT, **form("x" + ";" * 500, PART))
    error = refused(answer, 400, "malformed_multipart")
    assert "Content-Type of at most 512 characters, received 531" in error["message"]


def test_a_form_without_an_image_says_what_it_had(
    client: httpx.Client, pictures: tuple[bytes, ...], refused: Callable[..., dict]
) -> None:
    answer = client.post(PREDICT, files={"file": pictures[0]}, data={"note": "x"})
    error = refused(answer, 400, "malformed_multipart")
    assert error["message"] == ("expected one or more parts named 'image', received 'note', 'file'")
