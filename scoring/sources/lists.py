"""Text lists: a path or URL a line; and CSV: one in a column."""

import csv
import io
from collections.abc import Callable, Iterator

from obstore.exceptions import BaseError

from scoring.errors import InputError, SettingsError
from scoring.settings import InputSettings
from scoring.shards import Item
from scoring.sources.columns import PATH_COLUMNS, find_column, guess_column, listed
from scoring.sources.labels import LABEL_COLUMNS
from scoring.sources.locations import Location, first_words
from scoring.sources.root import Archive, Root

MAX_LINE_CHARACTERS = csv.field_size_limit()
"""131,072: a longer line is no path, and is not read into memory to find that out."""


def read_list(root: Root, location: Location) -> Iterator[Item]:
    """The pictures of a text list; empty lines are passed over.

    Raises:
        InputError: it cannot be read, or names a URL that is not of an object store.
    """
    listing = Archive(root, location.name)
    for number, line in enumerate(_lines(location), start=1):
        path = line.rstrip("\r\n")
        if path:
            yield _item(listing, path, None, number)


def read_csv(root: Root, location: Location, settings: InputSettings) -> Iterator[Item]:
    """The pictures of a CSV file with a header; its columns are separated by `,`, `;` or a tab.

    Raises:
        InputError: it cannot be read, a line has not the header's fields, or see `read_list`.
        SettingsError: it has not the columns.
    """
    listing = Archive(root, location.name)
    lines = _lines(location)
    header = next(lines, "")
    separator = max(",;\t", key=header.count)
    columns = next(csv.reader([header], delimiter=separator), list[str]())
    path_of, label_of = _fields(location.name, columns, settings)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for row in rows:
            number = rows.line_num + 1
            if not row:
                continue
            if len(row) != len(columns):
                raise InputError(
                    f"line {number} of {location.name} has {len(row)} fields, its header "
                    f"{len(columns)}; put a field with {separator!r} in it into quotes"
                )
            yield _item(listing, path_of(row), label_of(row), number)
    except csv.Error as error:
        raise InputError(
            f"line {rows.line_num + 1} of {location.name} is not CSV: {error}"
        ) from error


def _fields(
    name: str, columns: list[str], settings: InputSettings
) -> tuple[Callable[[list[str]], str], Callable[[list[str]], str | None]]:
    """What takes the path and the label from a row.

    Raises:
        SettingsError: see `read_csv`.
    """
    asked = find_column(name, columns, settings.path_column)
    path = asked or guess_column(columns, PATH_COLUMNS)
    if path is None:
        raise SettingsError(
            f"no column of {name} is called {', '.join(PATH_COLUMNS)}; say with --path-column "
            f"which one holds the paths: {listed(columns)}"
        )
    label = find_column(name, columns, settings.label_column)
    if label is None and not settings.labels_from_folders:
        label = guess_column(columns, LABEL_COLUMNS)
    path_index = columns.index(path)
    if label is None:
        return lambda row: row[path_index], lambda _: None
    label_index = columns.index(label)
    return lambda row: row[path_index], lambda row: row[label_index] or None


def _item(listing: Archive, path: str, label: str | None, number: int) -> Item:
    """The picture of a line.

    Raises:
        InputError: see `read_list`.
    """
    if not path:  # a row without a picture is a row with an error
        return Item(f"{listing.source}#{number}", "", expected=label)
    try:
        return listing.beside(path, label)
    except InputError as error:
        raise InputError(f"line {number} of {listing.source}: {error}") from error


def _lines(location: Location) -> Iterator[str]:
    """The lines of a file, read as they are asked for.

    Raises:
        InputError: it cannot be read, or a line is too long to be one.
    """
    filesystem, path = location.open_filesystem()
    try:
        with (
            filesystem.open(path) as file,
            # A name of a file may be any bytes; a byte order mark is none of its.
            io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape") as text,
        ):
            number = 0
            while line := text.readline(MAX_LINE_CHARACTERS):
                number += 1
                if len(line) == MAX_LINE_CHARACTERS:
                    raise InputError(
                        f"line {number} of {location.name} is longer than "
                        f"{MAX_LINE_CHARACTERS:,} characters; expected one path a line"
                    )
                yield line
    except (BaseError, OSError) as error:
        raise InputError(f"cannot read {location.url}: {first_words(error)}") from error
