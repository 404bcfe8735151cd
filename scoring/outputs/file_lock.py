"""A lock that the kernel releases when its process dies, however it dies."""

import errno
import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from scoring.errors import BusyError, OutputError
from scoring.outputs.holder import Holder

WORDS_BYTES = 4096
"""More than a holder's words."""


@contextmanager
def file_lock(path: Path) -> Generator[None]:
    """Hold the lock that is this file; it is there only while somebody holds it.

    Raises:
        BusyError: another process, or another thread of this one, holds it.
        OSError: the file cannot be made.
    """
    descriptor = _acquire(path)
    try:
        yield
    finally:
        # Removed while it is held: whoever opened it before finds, once it has the lock, that
        # the name leads elsewhere, and opens it again.
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _acquire(path: Path) -> int:
    """The descriptor that holds the lock."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor, path)
            if _is_still(descriptor, path):
                _sign(descriptor, path)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _sign(descriptor: int, path: Path) -> None:
    """Say who holds it; where the disk has no room for that, the file goes with the error."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, Holder.here().encode(), 0)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _lock(descriptor: int, path: Path) -> None:
    """Take it at once, or say who has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = Holder.parse(os.pread(descriptor, WORDS_BYTES, 0))
        who = "another run" if holder is None else f"another run ({holder.words})"
        raise BusyError(
            f"{who} is at work on {path.parent}; wait until it has ended, or stop it"
        ) from error
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        raise OutputError(
            f"the file system of {path.parent} has no locks, which keep two runs apart; "
            "write to another one"
        ) from error


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether the name still leads to the file that was opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
