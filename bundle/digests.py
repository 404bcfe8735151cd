"""sha256 of files."""

import hashlib
from pathlib import Path

from bundle.manifest import File


def sha256_of(path: Path) -> str:
    """The file's sha256 in hexadecimal, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe(path: Path) -> File:
    """The manifest's entry for a file."""
    return File(sha256=sha256_of(path), size_bytes=path.stat().st_size)
