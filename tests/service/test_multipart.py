"""Forms, however the network cuts them into pieces."""

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given, settings
from hypothesis import strategies as st

from service.multipart import Picture, read_pictures

TYPE = "multipart/form-data; boundary=cut"


def form(*parts: tuple[str, bytes]) -> bytes:
    body = b"".join(
        b"--cut\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n"
        for head, data in parts
    )
    return body + b"--cut--\r\n"


def read(body: bytes, size: int) -> list[Picture]:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    return asyncio.run(read_pictures(pieces(), TYPE, 8))


@settings(max_examples=50, deadline=None)
@given(
    data=st.lists(st.binary(max_size=60), min_size=1, max_size=4),
    size=st.integers(min_value=1, max_value=200),
)
def test_pieces_of_any_size_give_the_same_pictures(data: list[bytes], size: int) -> None:
    body = form(*((f'name="image"; filename="{i}.png"', part) for i, part in enumerate(data)))
    assert read(body, size) == [Picture(f"{i}.png", part) for i, part in enumerate(data)]


def test_something_like_a_boundary_inside_a_picture_is_the_picture() -> None:
    data = b"--cu\r\n--cut\r--cut-- \r\n-"
    assert read(form(('name="image"', data)), 3) == [Picture(None, data)]


def test_a_name_loses_its_control_characters_and_its_excess() -> None:
    [first, second] = read(
        form(
            ('name="image"; filename="a\tb.png"', b"x"),
            (f'name="image"; filename="{"n" * 999}"', b"y"),
        ),
        64,
    )
    assert first.name == "ab.png"
    assert second.name == "n" * 255
