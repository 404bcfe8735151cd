"""An archive opened for jumping about in it, on a disk or in an object store."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from fsspec.spec import AbstractBufferedFile
from obstore.exceptions import BaseError, PermissionDeniedError

from scoring.errors import InputError
from scoring.sources.locations import Location, first_words
from scoring.sources.root import Archive

WINDOW_BYTES = 8_000_000
"""What one request to an object store brings: it takes 10 to 100 ms however little that is. A
header costs no request while the window reaches it, and members larger than it are jumped over."""


@contextmanager
def open_archive(archive: Archive, *, until: int | None = None) -> Generator[IO[bytes]]:
    """The archive, seekable; read by one thread at a time.

    Args:
        archive: where it is.
        until: the byte at which what is wanted ends, where that is known: an object store is asked
            for nothing behind it.

    Raises:
        InputError: it cannot be opened, or reading inside the `with` fails.
    """
    location = archive.location
    try:
        with _open(location, until) as file:
            yield file
    except FileNotFoundError as error:
        raise InputError(f"cannot read {location.url}: it is not there") from error
    except (PermissionError, PermissionDeniedError) as error:
        raise InputError(f"cannot read {location.url}: permission denied") from error
    except (OSError, BaseError, MemoryError) as error:
        raise InputError(
            f"cannot read {location.url}: {first_words(error)}; run again to continue"
        ) from error


def _open(location: Location, until: int | None) -> IO[bytes]:
    """The file, or the object seen through a window.

    obstore's own file forgets what it has read when it is moved: each header of a tar would be a
    request of a megabyte.
    """
    if location.is_local:
        return Path(location.url).open("rb")
    filesystem, path = location.open_filesystem()
    file = AbstractBufferedFile(
        filesystem, path, "rb", block_size=WINDOW_BYTES, cache_type="readahead", size=until
    )
    return cast(IO[bytes], file)
