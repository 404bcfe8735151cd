"""The database that reports are computed in: its own file, gone at the end.

The rows of an output are read into it once, so that an object store is asked once; it lies on the
disk and spills there, so that memory is bounded whatever a job's size.
"""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from scoring.errors import InputError

MEMORY_LIMIT = "1GB"

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": MEMORY_LIMIT,
    # What is not in the package is not fetched from anywhere.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


@contextmanager
def open_database() -> Generator[DuckDBPyConnection]:
    """An empty database.

    Raises:
        InputError: an output's rows cannot be read, or the disk for temporary files is full.
    """
    with tempfile.TemporaryDirectory(prefix="cutaway-report-") as folder:
        connection = duckdb.connect(str(Path(folder) / "rows.duckdb"), config=_SETTINGS)
        try:
            yield connection
        except duckdb.Error as error:
            words = " ".join(str(error).split())[:300]
            raise InputError(f"the results cannot be read: {words}") from error
        finally:
            connection.close()
