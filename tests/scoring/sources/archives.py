"""Archives as people and programs make them, sound and otherwise."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Members = Mapping[str, bytes]
"""Name → content, in the order of the archive."""


def add_member(archive: tarfile.TarFile, name: str, data: bytes = b"", **changes: object) -> None:
    """A member; `changes` are of its TarInfo: `type`, `linkname`."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for attribute, value in changes.items():
        setattr(member, attribute, value)
    archive.addfile(member, io.BytesIO(data))


def make_tar(path: Path, members: Members, tar_format: int = tarfile.GNU_FORMAT) -> Path:
    """A tar of files."""
    with tarfile.open(path, "w", format=tar_format) as archive:
        for name, data in members.items():
            add_member(archive, name, data)
    return path


def make_zip(path: Path, members: Members, method: int = zipfile.ZIP_STORED) -> Path:
    """A ZIP of files."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


class _Pipe(io.RawIOBase):
    """Takes bytes and cannot go back, as a pipe."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        part = bytes(data)
        self.parts.append(part)
        return len(part)


def make_streamed_zip(path: Path, members: Members, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A ZIP written into a pipe: checksums and sizes come behind the data."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    path.write_bytes(b"".join(pipe.parts))
    return path


def header_offsets(path: Path) -> list[int]:
    """Where the local headers of a ZIP are."""
    with zipfile.ZipFile(path) as archive:
        return [member.header_offset for member in archive.infolist()]


def patch(path: Path, changes: Iterable[tuple[int, bytes]]) -> Path:
    """Write over bytes of a file."""
    data = bytearray(path.read_bytes())
    for offset, new in changes:
        data[offset : offset + len(new)] = new
    path.write_bytes(data)
    return path


def patch_directory(path: Path, field: int, value: int, *, size: int = 2) -> Path:
    """Change a number of the first entry in a ZIP's directory (APPNOTE 4.3.12).

    Args:
        path: of the ZIP.
        field: its offset in the entry: 8 flags, 10 method, 20 compressed size, 24 size.
        value: the new one.
        size: its bytes, 2 or 4.
    """
    begin = path.read_bytes().index(b"PK\x01\x02")
    return patch(path, [(begin + field, struct.pack("<H" if size == 2 else "<I", value))])
