"""One member of a ZIP archive, read from where it lies: without the directory of all others.

Python's `zipfile` reads the directory whenever it opens an archive: a second and half a gigabyte
for a million members, which each of a thousand shards would pay.
"""

import struct
import zlib
from typing import IO

STORED = 0
DEFLATED = 8
METHODS = frozenset((STORED, DEFLATED))
"""How members may be compressed."""

HEADER_BYTES = 30
"""The local header before the member's name (APPNOTE 4.3.7)."""

_HEADER = struct.Struct("<4s5H3I2H")
_MAGIC = b"PK\x03\x04"
_DESCRIPTOR_MAGIC = b"PK\x07\x08"
_HAS_DESCRIPTOR = 0x8  # the checksum comes behind the data, as of archives that were streamed
_CHECKSUM_BYTES = 4
_PIECE_BYTES = 64 * 1024


class MemberError(Exception):
    """The member is damaged; the message says how, in half a sentence."""


def read_member(file: IO[bytes], offset: int, size: int) -> bytes:
    """A member's bytes, checked against their checksum.

    Args:
        file: the archive.
        offset: of the member's local header.
        size: what the directory says that it has, inflated; never is more inflated than that.

    Raises:
        MemberError: it is not there, cut off, damaged, or larger than `size`.
        OSError: the archive cannot be read.
    """
    file.seek(offset)
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(_MAGIC):
        raise MemberError(f"the archive has no member at byte {offset:,}")
    _, _, flags, method, _, _, checksum, _, _, name_bytes, extra_bytes = _HEADER.unpack(header)
    file.seek(offset + HEADER_BYTES + name_bytes + extra_bytes)
    if method == STORED:
        data, behind = file.read(size), b""
    elif method == DEFLATED:
        data, behind = _inflate(file, size)
    else:
        raise MemberError(f"it is compressed by method {method}")
    if len(data) < size:
        raise MemberError(f"it is cut off after {len(data):,} of {size:,} bytes")
    if flags & _HAS_DESCRIPTOR:
        checksum = _read_checksum(behind + file.read(len(_DESCRIPTOR_MAGIC) + _CHECKSUM_BYTES))
    if zlib.crc32(data) != checksum:
        raise MemberError("its checksum is wrong, so the archive is damaged there")
    return data


def _inflate(file: IO[bytes], size: int) -> tuple[bytes, bytes]:
    """Inflated bytes, and what was read behind them.

    Raises:
        MemberError: there are more than `size`, or they are damaged.
    """
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    parts: list[bytes] = []
    left = size + 1  # the one too many shows that there are more
    while not stream.eof and left > 0:
        piece = stream.unconsumed_tail or file.read(_PIECE_BYTES)
        if not piece:
            break
        try:
            part = stream.decompress(piece, left)
        except zlib.error as error:
            raise MemberError("its compressed data are damaged") from error
        left -= len(part)
        parts.append(part)
    if left <= 0:
        raise MemberError(f"it swells beyond the {size:,} bytes that the archive says it has")
    return b"".join(parts), stream.unused_data


def _read_checksum(behind: bytes) -> int:
    """The checksum of a data descriptor, which may begin with a mark (APPNOTE 4.3.9)."""
    checksum = behind.removeprefix(_DESCRIPTOR_MAGIC)[:_CHECKSUM_BYTES]
    if len(checksum) < _CHECKSUM_BYTES:
        raise MemberError("it is cut off before its checksum")
    return int.from_bytes(checksum, "little")
