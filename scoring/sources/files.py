"""Pictures that are files or objects of their own."""

import errno
import os
import stat
from collections.abc import Generator

import obstore
from obstore.exceptions import BaseError, InvalidPathError, PermissionDeniedError

from scoring.errors import InputError
from scoring.settings import InputSettings
from scoring.shards import Item, Shard
from scoring.sources.locations import Location, first_words
from scoring.sources.picture import Picture
from scoring.sources.read_ahead import read_ahead
from scoring.sources.root import Root

LOCAL_READERS = 4
REMOTE_READERS = 16
"""A request takes 10 to 100 ms whatever its size; a disk does more at a time no faster."""

_OWN_FAULTS = frozenset(
    (
        *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG),
        *(errno.EACCES, errno.EPERM, errno.EIO, errno.EINVAL, errno.ENXIO),
    )
)
"""What is wrong with one file. Anything else is wrong with the place: a server that is gone, too
many open files."""


class _UnreadableError(Exception):
    """One picture cannot be read; the others can."""


class _TooLargeError(Exception):
    """It has more bytes than are read."""


def read_files(root: Root, shard: Shard, settings: InputSettings) -> Generator[Picture]:
    """The pictures of a shard of `files`, in order.

    Raises:
        InputError: the place fails, not a picture.
    """
    max_bytes = settings.max_file_bytes

    def size_bytes(item: Item) -> int:
        size = item.size if item.size >= 0 else _size_bytes(root, item)
        return min(size, max_bytes)

    def read(item: Item) -> Picture:
        return _read_picture(root, item, max_bytes)

    readers = LOCAL_READERS if root.base.is_local else REMOTE_READERS
    return read_ahead(shard.items, read, size_bytes, readers=readers)


def _read_picture(root: Root, item: Item, max_bytes: int) -> Picture:
    """The picture, or what is wrong with it.

    Raises:
        InputError: see `read_files`.
    """
    try:
        if item.size > max_bytes:
            raise _TooLargeError(item.size)
        location = root.locate(item.path)
        read = _read_path if location.is_local else _read_object
        data = read(root, item, location, max_bytes)
    except _UnreadableError as error:
        return _failed(item, "unreadable", f"the picture cannot be read: {error}")
    except _TooLargeError as error:
        message = f"the file has {error.args[0]:,} bytes; at most {max_bytes:,} are read"
        return _failed(item, "file_too_large", message)
    return Picture(item.source, data, item.expected)


def _failed(item: Item, code: str, message: str) -> Picture:
    """A picture that could not be read."""
    return Picture(item.source, None, item.expected, code, message)


def _read_path(root: Root, item: Item, location: Location, max_bytes: int) -> bytes:
    """The bytes of a file on this machine.

    Raises:
        InputError, _UnreadableError, _TooLargeError: it cannot be read.
    """
    try:
        # Without waiting: a named pipe would be waited for until somebody writes into it.
        descriptor = os.open(location.url, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _read_descriptor(descriptor, max_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _OWN_FAULTS:
            raise InputError(
                f"cannot read {location.url}: {error.strerror}; run again to continue"
            ) from error
        if error.errno == errno.ENOENT:
            _check_top(root, item)
        raise _UnreadableError(f"{os.strerror(error.errno).lower()}") from error
    except ValueError as error:  # a NUL in its name
        raise _UnreadableError("it has a name that no file can have") from error


def _read_descriptor(descriptor: int, max_bytes: int) -> bytes:
    """The bytes of an open file.

    Raises:
        OSError, _UnreadableError, _TooLargeError: it cannot be read.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise _UnreadableError("it is not a file")
    if status.st_size > max_bytes:
        raise _TooLargeError(status.st_size)
    with open(descriptor, "rb", closefd=False) as file:
        return file.read(status.st_size)


def _check_top(root: Root, item: Item) -> None:
    """Tell a file that is gone from a disk that is.

    Raises:
        InputError: the folder that INPUT named is gone.
    """
    top = root.base
    if item.path.startswith(root.own):
        top = top.join(root.own.rstrip("/"))
    if not os.path.isdir(top.url):  # noqa: PTH112 paths are text here
        raise InputError(f"{top.url} is no longer there; bring it back and run again to continue")


def _read_object(root: Root, item: Item, location: Location, max_bytes: int) -> bytes:
    """The bytes of an object.

    Raises:
        InputError, _UnreadableError, _TooLargeError: it cannot be read.
    """
    del root, item
    store, key = location.open_store()
    try:
        answer = obstore.get(store, key)
        size = answer.meta["size"]
        if size > max_bytes:
            raise _TooLargeError(size)
        return answer.bytes().to_bytes()
    except FileNotFoundError as error:
        raise _UnreadableError("there is no such object") from error
    except (PermissionDeniedError, PermissionError) as error:
        raise _UnreadableError("permission denied") from error
    except (InvalidPathError, ValueError) as error:
        raise _UnreadableError("it has a name that no object can have") from error
    except (BaseError, OSError) as error:
        raise InputError(
            f"cannot read {location.url}: {first_words(error)}; run again to continue"
        ) from error


def _size_bytes(root: Root, item: Item) -> int:
    """Its size as the place says; 0 where it says none, and reading will say why."""
    location = root.locate(item.path)
    try:
        if location.is_local:
            return os.stat(location.url).st_size  # noqa: PTH116 as above
        store, key = location.open_store()
        return obstore.head(store, key)["size"]
    except (BaseError, OSError, ValueError):
        return 0
