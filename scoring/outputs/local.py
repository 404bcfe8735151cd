"""A local folder, or one that several machines share."""

import errno
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from scoring.errors import OutputError
from scoring.outputs.file_lock import file_lock
from scoring.outputs.output import LOCK

_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV)


@dataclass(frozen=True, slots=True)
class LocalOutput:
    """Results as files; see `Output`."""

    folder: Path

    @property
    def location(self) -> str:
        """The absolute path."""
        return str(self.folder)

    def names(self) -> set[str]:
        """See `Output`."""
        with self._reading(self.folder):
            try:
                found = os.listdir(self.folder)  # noqa: PTH208  names alone
            except FileNotFoundError:
                return set()
        return {name for name in found if name != LOCK and not _is_temporary(name)}

    def read(self, name: str) -> bytes | None:
        """See `Output`."""
        path = self.folder / name
        with self._reading(path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def open(self, name: str) -> BinaryIO:
        """See `Output`."""
        path = self.folder / name
        with self._reading(path):
            return path.open("rb")

    def commit(self, name: str, data: bytes | memoryview) -> bool:
        """See `Output`."""
        target = self.folder / name
        with self._writing(), _written(target, data) as temporary:
            if not _place(temporary, target):
                return False
            _flush(self.folder)
            return True

    def replace(self, name: str, data: bytes) -> None:
        """See `Output`."""
        target = self.folder / name
        with self._writing(), _written(target, data) as temporary:
            temporary.replace(target)
            _flush(self.folder)

    @contextmanager
    def hold(self) -> Generator[None]:
        """See `Output`. A folder that was made for it and stayed empty is gone afterwards."""
        with ExitStack() as held:
            with self._writing():
                held.callback(_remove_empty, _make(self.folder))
                held.enter_context(file_lock(self.folder / LOCK))
                self._remove_temporary()
            yield

    def _remove_temporary(self) -> None:
        """Remove what killed runs left. Nobody else writes here now."""
        for path in self.folder.iterdir():
            if _is_temporary(path.name):
                path.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Generator[None]:
        """What the operating system says, as one sentence for a person."""
        try:
            yield
        except OSError as error:
            raise OutputError(_explain(self.folder, error)) from error

    @contextmanager
    def _reading(self, path: Path) -> Generator[None]:
        """The same, of reading."""
        try:
            yield
        except NotADirectoryError as error:
            raise OutputError(_explain(self.folder, error)) from error
        except OSError as error:
            raise OutputError(f"cannot read {path}: {error.strerror or error}") from error


@contextmanager
def _written(target: Path, data: bytes | memoryview) -> Generator[Path]:
    """A file beside `target` with these bytes, on the disk; gone afterwards under its own name."""
    temporary = target.with_name(f".{target.name}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield temporary
    finally:
        with suppress(OSError):  # it has its final name, or could not be made
            temporary.unlink()


def _is_temporary(name: str) -> bool:
    """Whether `_written` named it."""
    return name.startswith(".") and name.endswith(".tmp")


def _place(temporary: Path, target: Path) -> bool:
    """Give a written file its final name, unless that is taken; whether it has it now."""
    try:
        target.hardlink_to(temporary)  # a rename would take the name from another
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # No hard links here, as on FAT. Two writers at the same moment both pass, and the later
        # one wins: a part's bytes are the same whoever writes it.
        if target.exists():
            return False
        temporary.replace(target)
    return True


def _flush(folder: Path) -> None:
    """Wait until a folder's names are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it; the ones that were not there, the deepest first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders, the deepest first, up to the first that is not empty."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _explain(folder: Path, error: OSError) -> str:
    """One sentence for a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return (
            f"the disk under {folder} is full; free some space and run the same command again: "
            "it goes on where it stopped"
        )
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{folder} is not a folder, and none can be made there; give another OUTPUT"
    if isinstance(error, FileNotFoundError) and not folder.exists():
        return (
            f"there is no folder {folder} on {os.uname().nodename}; every machine of a job must "
            "see the same OUTPUT"
        )
    return f"cannot write into {folder}: {error.strerror or error}"
