"""Which column of a CSV or Parquet file holds what."""

from collections.abc import Iterable, Sequence

from scoring.errors import SettingsError

PATH_COLUMNS = ("path", "file", "filename", "file_name", "image", "url")
"""What a column of paths is usually called."""

_LISTED = 20


def find_column(source: str, there: Sequence[str], asked: str | None) -> str | None:
    """The column that was asked for.

    Args:
        source: the file, for the message.
        there: its columns.
        asked: by the settings; None where they ask for none.

    Raises:
        SettingsError: it is not there.
    """
    if asked is not None and asked not in there:
        raise SettingsError(f"{source} has no column {asked!r}; there are: {listed(there)}")
    return asked


def guess_column(there: Iterable[str], usual: Sequence[str]) -> str | None:
    """The first of the usual names that is there, however it is capitalised; None for none."""
    by_name = {name.strip().lower(): name for name in reversed(list(there))}
    return next((by_name[name] for name in usual if name in by_name), None)


def listed(columns: Sequence[str]) -> str:
    """Columns, for a message: the first twenty of them."""
    names = ", ".join(columns[:_LISTED])
    rest = len(columns) - _LISTED
    return f"{names} and {rest} more" if rest > 0 else names or "none"
