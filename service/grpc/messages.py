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


def read_message(kind: type[M], data: bytes, max_bytes: int) -> M:
    """The message.

    Raises:
        BodyTooLargeError: it has more bytes than allowed once it is inflated.
        ProtocolError: the bytes are none.
    """
    try:
        return kind.FromString(_inflate(data, max_bytes))
    except (DecodeError, zlib.error) as error:
        name = kind.DESCRIPTOR.name
        raise ProtocolError(f"expected a message {name}, received other bytes") from error


def _inflate(data: bytes, max_bytes: int) -> bytes:
    if not data.startswith((_GZIP, _DEFLATE)):
        return data
    inflating = zlib.decompressobj(_DETECT)
    inflated = inflating.decompress(data, max_bytes + 1)
    if len(inflated) > max_bytes:
        raise BodyTooLargeError(
            f"expected a message of at most {max_bytes} bytes, received more once inflated",
            max_body_bytes=max_bytes,
        )
    if not inflating.eof:
        raise zlib.error
    return inflated
