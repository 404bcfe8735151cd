"""What every place for results offers."""

from contextlib import AbstractContextManager
from typing import Protocol


class Output(Protocol):
    """A folder, or a prefix of an object store; what is in it has names without folders.

    Its methods may be called from several threads and processes.
    """

    def names(self) -> set[str]:
        """What is there.

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

    def commit(self, name: str, data: bytes) -> bool:
        """Make `data` appear under a name, whole or not at all, unless the name is taken.

        Returns:
            Whether it is ours; False where the name was taken, whose content stays.

        Raises:
            OutputError: it cannot be written; nothing is there then.
        """
        ...

    def replace(self, name: str, data: bytes) -> None:
        """The same, whether the name is taken or not: for what changes, as `_job.json`.

        Raises:
            OutputError: it cannot be written; what was there stays.
        """
        ...

    def hold(self) -> AbstractContextManager[None]:
        """Keep every other run off, until it is left or this process is dead.

        Raises:
            BusyError: another run is at work; it says since when and where.
        """
        ...
