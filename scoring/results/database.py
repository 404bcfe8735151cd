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

from scoring.errors import InputError, OutputError, ScoringError

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
        InputError: an output's rows cannot be read.
        OutputError: the disk for temporary files is full.
    """
    with tempfile.TemporaryDirectory(prefix="cutaway-report-") as folder:
        connection = duckdb.connect(str(Path(folder) / "rows.duckdb"), config=_SETTINGS)
        try:
            yield connection
        except duckdb.Error as error:
            raise _explain(error, folder) from error
        finally:
            connection.close()


def _explain(error: duckdb.Error, folder: str) -> ScoringError:
    """One sentence for a person."""
    words = " ".join(str(error).split())[:300]
    if folder in words:
        return OutputError(
            f"the disk for temporary files ({tempfile.gettempdir()}) is full or cannot be written; "
            "free some space, or name another folder in TMPDIR"
        )
    return InputError(f"the results cannot be read: {words}")
