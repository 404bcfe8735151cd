"""Bytes of a call → a message of protobuf, inflated under a cap where they are compressed.

gRPC's core would inflate by itself, all of it before it looks at the size: 32 MB of gzip are 32 GB.
So it hands over what came, and this is what inflates.
"""

import zlib
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from service.errors import BodyTooLargeError
from service.protocol.errors import ProtocolError

M = TypeVar("M", bound=Message)

_GZIP = b"\x1f\x8b"  # as protobuf it would be a field of a kind that does not exist
_DEFLATE = b"\x78"  # as protobuf it would be field 15, which no request has
_DETECT = 32 + zlib.MAX_WBITS  # either of them, by its header


def is_compressed(data: bytes) -> bool:
    """Whether a call's bytes are to be inflated."""
    return data.startswith((_GZIP, _DEFLATE))


def inflate(data: bytes, max_bytes: int) -> bytes:
    """What the client compressed.

    Raises:
        BodyTooLargeError: it is more than `max_bytes`.
        ProtocolError: it does not inflate, or ends before its end.
    """
    inflating = zlib.decompressobj(_DETECT)
    try:
        inflated = inflating.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise ProtocolError("the message does not inflate as gzip or deflate") from error
    if len(inflated) > max_bytes:
        raise BodyTooLargeError(
            f"expected a message of at most {max_bytes} bytes, received more once inflated",
            max_body_bytes=max_bytes,
        )
    if not inflating.eof:
        raise ProtocolError("the compressed message ends before its end")
    return inflated


def read_message(kind: type[M], data: bytes) -> M:
    """The message.

    Raises:
        ProtocolError: the bytes are none.
    """
    try:
        return kind.FromString(data)
    except DecodeError as error:
        name = kind.DESCRIPTOR.name
        raise ProtocolError(f"expected a message {name}, received other bytes") from error
