"""What kind of input INPUT is: by what lies there, then by its name, then by its first bytes."""

import os
import stat
from typing import Literal

import obstore
from obstore.exceptions import BaseError

from engine.errors import ImageError
from engine.images import sniff
from scoring.errors import InputError
from scoring.shards import Kind
from scoring.sources.folders import JOB_FILE
from scoring.sources.kinds import is_picture, kind_of
from scoring.sources.locations import Location, first_words
from scoring.sources.objects import pages
from scoring.sources.root import MAGIC

InputKind = Kind | Literal["folder", "glob", "list", "csv"]
"""`files` is a single picture."""

EXPECTED = (
    "expected a folder, a glob, a picture, a list (.txt), a .csv, or an archive "
    "(.tar, .zip, .parquet)"
)

_LISTS: dict[str, InputKind] = {
    ".txt": "list",
    ".lst": "list",
    ".list": "list",
    ".csv": "csv",
    ".tsv": "csv",
}
_HEAD_BYTES = 512  # a block of a tar, whose magic is near its end


def detect(location: Location) -> InputKind:
    """The kind of input.

    Raises:
        InputError: there is nothing, it may not be read, or it is nothing that can be scored.
    """
    try:
        if location.is_local:
            return _detect_path(location)
        return _detect_object(location)
    except FileNotFoundError as error:
        raise InputError(f"there is no {location.url}; {EXPECTED}") from error
    except (BaseError, OSError, ValueError) as error:
        raise InputError(f"cannot open {location.url}: {first_words(error)}") from error


def _detect_path(location: Location) -> InputKind:
    """The same of what is on this machine; a name with `*` in it may be a name."""
    path = location.url
    is_glob = MAGIC.search(path) is not None
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 paths are text here
    except (FileNotFoundError, NotADirectoryError):
        if is_glob:
            return "glob"
        raise FileNotFoundError(path) from None
    if not os.access(path, os.R_OK):
        raise InputError(f"no permission to read {path}")
    if stat.S_ISDIR(mode):
        if os.path.lexists(os.path.join(path, JOB_FILE)):  # noqa: PTH118 as above
            raise InputError(f"{path} is the output of a scoring job; {EXPECTED}")
        return "folder"
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is neither a file nor a folder; {EXPECTED}")
    kind = _named(path)
    if kind is None:
        with open(path, "rb") as file:  # noqa: PTH123 as above
            kind = _begun(file.read(_HEAD_BYTES), path)
    return kind


def _detect_object(location: Location) -> InputKind:
    """The same of an object, or of a prefix of objects."""
    if MAGIC.search(location.url):
        return "glob"
    store, key = location.open_store()
    if not key:
        return "folder"
    try:
        size = obstore.head(store, key)["size"]
    except FileNotFoundError:
        return _detect_prefix(location)
    kind = _named(key)
    if kind is None:
        length = min(size, _HEAD_BYTES)
        head = obstore.get_range(store, key, start=0, length=length) if length else b""
        kind = _begun(bytes(head), location.url)
    return kind


def _detect_prefix(location: Location) -> InputKind:
    """A folder, where anything is under the prefix.

    Raises:
        FileNotFoundError: nothing is.
        InputError: it is a job's output.
    """
    store, key = location.open_store()
    if not next(pages(store, key, size=1), None):
        raise FileNotFoundError(key)
    try:
        obstore.head(store, f"{key}/{JOB_FILE}")
    except FileNotFoundError:
        return "folder"
    raise InputError(f"{location.url} is the output of a scoring job; {EXPECTED}")


def _named(path: str) -> InputKind | None:
    """The kind that a file's name says; None where it says nothing."""
    kind = _LISTS.get(os.path.splitext(path)[1].lower())  # noqa: PTH122 as above
    if kind is not None:
        return kind
    by_name = kind_of(path)
    return by_name if by_name != "files" or is_picture(path) else None


def _begun(head: bytes, path: str) -> InputKind:
    """The kind of a file that begins with these bytes.

    Raises:
        InputError: none that is known.
    """
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    try:
        sniff(head)
    except ImageError as error:
        raise InputError(f"{path} is nothing that can be scored; {EXPECTED}") from error
    return "files"
