"""The headers of a tar archive, one after the other; a damaged archive is never read in part.

Python's `tarfile` reads each header. Its own loop ends in silence at the first one that is damaged,
and keeps every header in memory, so the loop is ours.
"""

import os
import tarfile
from collections.abc import Iterator
from typing import IO, cast

from scoring.errors import InputError

MAX_HEADER_BYTES = 1_000_000
"""Long names and attributes are a few hundred bytes; a header that claims gigabytes is damaged."""

END_BYTES = 64 * tarfile.RECORDSIZE
"""What is looked at behind the end marker: padding, in records of 10,240 bytes, is all zeros."""

_MARKER = bytes(tarfile.BLOCKSIZE)

_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
}


def read_headers(file: IO[bytes], archive: str) -> Iterator[tarfile.TarInfo]:
    """Every member, in the order of the archive; only headers are read.

    Between two of them the caller may read elsewhere in `file`.

    Args:
        file: seekable.
        archive: where it is, for messages.

    Raises:
        InputError: it is compressed, damaged or cut off; the message says at which byte.
        OSError: it cannot be read.
    """
    _check_plain(file, archive)
    size_bytes = file.seek(0, os.SEEK_END)
    headers = _open(file, archive)
    offset = 0
    while not _is_end(file, archive, offset):
        member = _read_header(headers, file, archive, offset)
        end = member.offset_data + member.size
        if member.size < 0 or headers.offset <= offset:
            raise _damaged(archive, offset, "a size below zero")
        if member.isreg() and not member.issparse() and end > size_bytes:
            raise InputError(
                f"{archive} is cut off at byte {size_bytes:,}: {member.name!r} should end at "
                f"{end:,}; fetch it again"
            )
        yield member
        offset = headers.offset


def _open(file: IO[bytes], archive: str) -> tarfile.TarFile:
    """What `TarInfo.fromtarfile` wants to know: encoding, global attributes, the place."""
    file.seek(0)
    try:
        return tarfile.TarFile.taropen(None, fileobj=cast(IO[bytes], _HeaderFile(file)))
    except OSError:
        raise
    except Exception as error:  # damaged headers make tarfile raise whatever it meets
        raise _damaged(archive, 0, str(error)) from error


def _read_header(
    headers: tarfile.TarFile, file: IO[bytes], archive: str, offset: int
) -> tarfile.TarInfo:
    """The member whose header begins at `offset`, long name and attributes included."""
    file.seek(offset)
    try:
        return tarfile.TarInfo.fromtarfile(headers)
    except OSError:
        raise
    except Exception as error:  # as above
        raise _damaged(archive, offset, str(error)) from error


def _check_plain(file: IO[bytes], archive: str) -> None:
    """Refuse a compressed archive: of such a one nothing can be read without all before it."""
    file.seek(0)
    start = file.read(8)
    for magic, (name, command) in _COMPRESSED.items():
        if start.startswith(magic):
            raise InputError(
                f"{archive} is compressed with {name}, so that no part of it can be read alone; "
                f"make it a plain tar ({command}): pictures are compressed already"
            )


def _is_end(file: IO[bytes], archive: str, offset: int) -> bool:
    """Whether the end marker is at `offset`.

    Raises:
        InputError: the file ends without one, or goes on behind it.
    """
    file.seek(offset)
    block = file.read(tarfile.BLOCKSIZE)
    if not block:
        raise InputError(
            f"{archive} is cut off: it ends at byte {offset:,} without an end marker; fetch or "
            "pack it again"
        )
    if block != _MARKER:
        return False
    if file.read(END_BYTES).strip(b"\0"):
        raise InputError(
            f"{archive} goes on behind its end marker at byte {offset:,}; join archives with "
            "tar --concatenate, or give them one by one"
        )
    return True


def _damaged(archive: str, offset: int, reason: str) -> InputError:
    """The error for a header that is none."""
    return InputError(
        f"{archive} is damaged at byte {offset:,} ({reason or 'no header'}); fetch or pack it again"
    )


class _HeaderFile:
    """The archive as `tarfile` sees it: no single read is larger than a header can be."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.close = file.close

    def read(self, size: int = -1, /) -> bytes:
        """Some bytes.

        Raises:
            HeaderError: they are too many.
        """
        if not 0 <= size <= MAX_HEADER_BYTES:
            raise tarfile.HeaderError("a header too large")
        return self._file.read(size)
