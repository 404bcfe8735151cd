"""Compressed bodies: whole, capped by what they become, and refused where they do not inflate."""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.types import Message

from service.errors import BodyEncodingError, UnknownEncodingError
from service.inflation import PIECE_BYTES, Inflated

PREDICT = "/v1/models/colours/predict"
MEGABYTE = 1_000_000
TEXT = np.random.default_rng(5).bytes(3000) * 100
ZEROS = bytes(3 * PIECE_BYTES)


def raw_deflate(data: bytes) -> bytes:
    """As some clients understand the word."""
    compress = zlib.compressobj(wbits=-15)
    return compress.compress(data) + compress.flush()


def pieces_of(pieces: Sequence[bytes], encoding: bytes) -> list[bytes]:
    """A body in these pieces, as it is received inflated."""

    async def read() -> list[bytes]:
        left = list(pieces)

        async def receive() -> Message:
            piece = left.pop(0) if left else b""
            return {"type": "http.request", "body": piece, "more_body": bool(left)}

        inflated = Inflated(receive, encoding)
        found: list[bytes] = []
        more = True
        while more:
            message = await inflated()
            found.append(message["body"])
            more = message["more_body"]
        return found

    return asyncio.run(read())


@pytest.mark.parametrize("size", [1, 1000, 10**9])
@pytest.mark.parametrize("data", [b"", b"x", TEXT, ZEROS, ZEROS[1:], ZEROS + b"x"])
@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        (b"gzip", gzip.compress),
        (b"x-gzip", gzip.compress),
        (b"deflate", zlib.compress),
        (b"deflate", raw_deflate),
    ],
)
def test_a_body_arrives_as_it_was_however_it_is_cut(
    encoding: bytes, compress: Callable[[bytes], bytes], data: bytes, size: int
) -> None:
    body = compress(data)
    found = pieces_of([body[i : i + size] for i in range(0, len(body), size)], encoding)
    assert b"".join(found) == data
    assert max(map(len, found)) <= PIECE_BYTES


def test_an_empty_body_is_none() -> None:
    assert pieces_of([], b"gzip") == [b""]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"no gzip at all", "the body does not inflate as gzip"),
        (gzip.compress(TEXT)[:-1], "the body ends before its end as gzip"),
        (gzip.compress(ZEROS)[:-9], "the body ends before its end as gzip"),
        (gzip.compress(TEXT)[:-8] + bytes(8), "the body does not inflate as gzip"),
        (gzip.compress(TEXT) + b"x", "the body goes on after its end as gzip"),
    ],
)
@pytest.mark.parametrize("size", [7, 10**9])
def test_a_body_that_does_not_inflate_is_refused(body: bytes, says: str, size: int) -> None:
    with pytest.raises(BodyEncodingError, match=says):
        pieces_of([body[i : i + size] for i in range(0, len(body), size)], b"gzip")


@pytest.mark.parametrize("encoding", [b"br", b"gzip, gzip", b"\xff"])
def test_other_encodings_are_refused(encoding: bytes) -> None:
    with pytest.raises(UnknownEncodingError, match="expected gzip, deflate or none, received "):
        pieces_of([b"x"], encoding)


def test_a_compressed_picture_is_predicted_as_itself(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    for encoding, body in (("gzip", gzip.compress(pictures[2])), ("identity", pictures[2])):
        answer = client.post(PREDICT, content=body, headers={"Content-Encoding": encoding})
        assert answer.json()["results"][0]["classes"][0]["label"] == "blue"


@pytest.mark.parametrize("kilobytes", [32, 256])
def test_a_bomb_is_413_once_it_has_become_too_large(
    client: httpx.Client, refused: Callable[..., dict[str, Any]], kilobytes: int
) -> None:
    body = zlib.compress(bytes(1024 * 1024 * kilobytes), 9)
    assert len(body) < MEGABYTE
    answer = client.post(PREDICT, content=body, headers={"Content-Encoding": "deflate"})
    refused(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    ("encoding", "status", "code"),
    [("gzip", 400, "malformed_encoding"), ("br", 415, "unsupported_encoding")],
)
def test_what_does_not_inflate_has_its_status(
    client: httpx.Client,
    refused: Callable[..., dict[str, Any]],
    encoding: str,
    status: int,
    code: str,
) -> None:
    headers = {"Content-Encoding": encoding}
    refused(client.post(PREDICT, content=TEXT, headers=headers), status, code)
    answer = client.post("/v2/models/colours/infer", content=TEXT, headers=headers)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)
