"""Classes from a file beside the job: CSV with the columns `source` and `label`."""

import csv
from pathlib import Path

from duckdb import DuckDBPyConnection

from scoring.errors import InputError, SettingsError

COLUMNS = ("source", "label")

_READ = """
CREATE TABLE given AS
SELECT source, min(label) AS label, count(DISTINCT label) AS labels
FROM read_csv($path, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')
GROUP BY source
"""

_TWICE = "SELECT source FROM given WHERE labels > 1 ORDER BY source LIMIT 1"

_FOUND = "SELECT count(*) FROM given WHERE source IN (SELECT source FROM pictures)"

_SET = "UPDATE pictures SET expected = given.label FROM given WHERE given.source = pictures.source"


def set_labels(database: DuckDBPyConnection, path: Path) -> None:
    """Put what the file says in the place of what the input said of its pictures.

    Raises:
        InputError: the file cannot be read.
        SettingsError: it has other columns, two classes for one picture, or none of this job's
            pictures.
    """
    _check_header(path)
    database.execute("UPDATE pictures SET expected = NULL")
    database.execute(_READ, {"path": str(path)})
    twice = database.execute(_TWICE).fetchone()
    if twice is not None:
        raise SettingsError(f"{path} gives {twice[0]!r} more than one label; keep one line of it")
    (found,) = database.execute(_FOUND).fetchall()[0]
    if not found:
        (example,) = database.execute("SELECT arg_min(source, id) FROM pictures").fetchall()[0]
        raise SettingsError(
            f"{path} names no picture of this job; its sources are written like {example!r}"
        )
    database.execute(_SET)


def _check_header(path: Path) -> None:
    """See `set_labels`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file), list[str]())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"the labels {path} cannot be read: {reason}") from error
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        have = ", ".join(header) or "nothing"
        raise SettingsError(
            f"{path} has no column {missing[0]!r}; expected a first line with "
            f"{' and '.join(COLUMNS)}, received {have}"
        )
