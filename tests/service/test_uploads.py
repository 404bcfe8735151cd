"""What a body becomes, and what is not copied on the way."""

import asyncio
import io

import numpy as np
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from bundle.manifest import ImageInput
from service.multipart import Picture
from service.settings import Settings
from service.uploads import Upload, read_upload

SPEC = ImageInput(height=4, width=6, channels=3)
FILE = b"\xff\xd8 not really a picture"


def read(*messages: Message, content_type: str = "image/jpeg") -> Upload:
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0)

    scope = {"type": "http", "headers": [(b"content-type", content_type.encode())]}
    return asyncio.run(read_upload(Request(scope, receive), SPEC, Settings()))


def body(piece: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": piece, "more_body": more}


def test_a_picture_in_one_piece_is_that_very_piece() -> None:
    [picture] = read(body(FILE))
    assert isinstance(picture, Picture)
    assert picture.data is FILE
    [picture] = read(body(FILE, more=True), body(b"", more=True), body(b""))
    assert isinstance(picture, Picture)
    assert picture.data is FILE


def test_pieces_are_joined_in_their_order() -> None:
    [picture] = read(body(FILE[:3], more=True), body(FILE[3:9], more=True), body(FILE[9:]))
    assert picture == Picture(None, FILE)


def test_an_array_is_a_view_of_its_body() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (2, 4, 6, 3), np.uint8)
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    sent = buffer.getvalue()
    found = read(body(sent), content_type="application/x-npy")
    assert isinstance(found, np.ndarray)
    assert np.array_equal(found, pixels)
    assert np.shares_memory(found, np.frombuffer(sent, np.uint8))


def test_who_leaves_before_the_end_sent_nothing() -> None:
    with pytest.raises(ClientDisconnect):
        read(body(FILE, more=True), {"type": "http.disconnect"})
