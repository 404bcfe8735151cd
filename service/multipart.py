"""Multipart forms in memory: parsed as they stream, with a cap on every count, never on disk."""

import re
from collections.abc import AsyncIterable
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import MultipartError, TooManyImagesError

FIELD = "image"
MAX_HEADERS = 8
MAX_HEADER_BYTES = 2048
MAX_TYPE_LENGTH = 512
"""Of the Content-Type. A boundary has 70 characters or fewer; 60 kB of parameters take 90 ms."""
MAX_OTHER_PARTS = 16
"""Parts that are not pictures: a browser's form may bring some; they are counted and dropped."""
MAX_NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture as it was sent; `name` is what the client called it, if anything."""

    name: str | None
    data: bytes


async def read_pictures(
    stream: AsyncIterable[bytes], content_type: str, max_images: int
) -> list[Picture]:
    """The `image` parts of a multipart/form-data body, in their order.

    Raises:
        MultipartError: not such a form, cut off, or without an `image` part.
        TooManyImagesError: more than `max_images` of them.
    """
    if len(content_type) > MAX_TYPE_LENGTH:
        raise MultipartError(
            f"expected a Content-Type of at most {MAX_TYPE_LENGTH} characters, "
            f"received {len(content_type)}"
        )
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise MultipartError(
            "expected multipart/form-data with a boundary, received a Content-Type without one"
        )
    parts = _Parts(boundary, max_images)
    async for piece in stream:
        if piece:
            parts.feed(piece)
    return parts.finish()


class _Parts:
    """Collects the parts of one form out of the parser's callbacks."""

    def __init__(self, boundary: bytes, max_images: int) -> None:
        self._max_images = max_images
        self._pictures: list[Picture] = []
        self._others: list[str] = []
        self._headers: dict[bytes, bytes] = {}
        self._header, self._value = bytearray(), bytearray()
        self._data: list[memoryview] = []
        self._field: str | None = None
        self._name: str | None = None
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._add_header,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._open,
                    "on_part_data": self._add_data,
                    "on_part_end": self._close,
                    "on_end": self._end,
                },
                max_header_count=MAX_HEADERS,
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise MultipartError(f"the multipart boundary cannot be used: {error}") from error

    def feed(self, piece: bytes) -> None:
        """Parse the next piece of the body."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise MultipartError(
                "the body is not the multipart form that its Content-Type announces (check the "
                f"boundary): {error}"
            ) from error

    def finish(self) -> list[Picture]:
        """The pictures, once the body has ended."""
        if not self._ended:
            raise MultipartError("the multipart body ends before its last boundary")
        if not self._pictures:
            have = ", ".join(map(repr, dict.fromkeys(self._others))) or "no part at all"
            raise MultipartError(
                f"expected one or more parts named {FIELD!r}, received {have}",
                expected=FIELD,
                received=self._others,
            )
        return self._pictures

    def _begin(self) -> None:
        self._headers = {}
        self._data = []

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _open(self) -> None:
        """All headers of a part are there: is it a picture, and may it still come?"""
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = _text(options.get(b"name"))
        self._name = _text(options.get(b"filename"))
        if self._field == FIELD and len(self._pictures) == self._max_images:
            raise TooManyImagesError(
                f"expected at most {self._max_images} pictures in one request, received more",
                max_images=self._max_images,
            )
        if self._field != FIELD and len(self._others) == MAX_OTHER_PARTS:
            raise MultipartError(
                f"expected parts named {FIELD!r}, received more than {MAX_OTHER_PARTS} others"
            )

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._field == FIELD:
            self._data.append(memoryview(data)[start:end])

    def _close(self) -> None:
        if self._field == FIELD:
            self._pictures.append(Picture(self._name, b"".join(self._data)))
        else:
            self._others.append(self._field or "(no name)")

    def _end(self) -> None:
        self._ended = True


def _text(value: bytes | None) -> str | None:
    """A name of the client's, without control characters and not too long; null if empty."""
    if not value:
        return None
    text = re.sub(r"[\x00-\x1f\x7f]", "", value.decode("utf-8", "replace"))
    return text[:MAX_NAME_LENGTH] or None
