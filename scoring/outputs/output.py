"""What every place for results offers."""

from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

LOCK = "_lock.json"
"""Says to others who holds an output; there only while somebody does. No part of a job."""


class Output(Protocol):
    """A folder, or a prefix of an object store; what is in it has names without folders.

    Its methods may be called from several threads and processes.
    """

    @property
    def location(self) -> str:
        """An absolute path or a URL; `open_output` makes the same output of it elsewhere."""
        ...

    def names(self) -> set[str]:
        """What is there; neither the lock nor what killed runs left half-written.

        Raises:
            OutputError: it cannot be listed.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """The bytes under a name, or None where there are none.

        Raises:
            OutputError: they are there and cannot be read.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """The same for what is large: a file to seek in, of which only what is read is fetched.

        Raises:
            OutputError: it is not there or cannot be read; also while it is being read.
        """
        ...

    def commit(self, name: str, data: bytes | memoryview) -> bool:
        """Make `data` appear under a name, whole or not at all, unless the name is taken.

        Returns:
            Whether it is ours; False where the name was taken, whose content stays.

        Raises:
            OutputError: it cannot be written; nothing is there then.
            BusyError: the hold on it was lost to another run.
        """
        ...

    def replace(self, name: str, data: bytes) -> None:
        """The same, whether the name is taken or not: for what changes, as `_job.json`.

        Raises:
            OutputError: it cannot be written; what was there stays.
            BusyError: the hold on it was lost to another run.
        """
        ...

    def hold(self) -> AbstractContextManager[None]:
        """Keep every other run off, until it is left or this process is dead.

        Makes the folder where there is none, and removes what killed runs left half-written.

        Raises:
            BusyError: another run is at work; it says since when and where.
            OutputError: it cannot be written to.
        """
        ...
