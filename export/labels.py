"""Class names, in the model's order, from the file formats that people have them in."""

import csv
import json
from pathlib import Path

from export.errors import SettingsError
from export.untyped import Json

FORMATS = "a text file (one label a line), JSON, CSV, or the training folder"
HEADERS = {"label", "labels", "name", "class", "class_name", "classes"}


def read_labels(path: Path) -> tuple[str, ...]:
    """Labels in class order.

    Args:
        path: `.txt`, one a line; `.json`, a list, `{"0": "tench"}`, ImageNet's
            `{"0": ["n01440764", "tench"]}` or Keras's class_indices `{"tench": 0}`; `.csv` with an
            index and a label column, or labels alone, header or not; or a training folder, whose
            sorted sub-folder names are the classes, as image_dataset_from_directory takes them.

    Raises:
        SettingsError: missing, unreadable, empty, or with a gap in the class numbers.
    """
    if path.is_dir():
        labels = _from_folder(path)
    else:
        text = _read(path)
        readers = {".json": _from_json, ".csv": _from_csv}
        labels = readers.get(path.suffix.lower(), _from_text)(path, text)
    if not labels:
        raise SettingsError(f"{path} holds no labels; expected {FORMATS}")
    blank = [index for index, label in enumerate(labels) if not label]
    if blank:
        raise SettingsError(f"{path} has an empty label for class {blank[0]}")
    return labels


def labels_for(stated: tuple[str, ...] | None, classes: int) -> tuple[str, ...]:
    """The stated labels, counted, or "class 0", "class 1", … where there are none.

    Raises:
        SettingsError: as many labels as the model has classes were expected.
    """
    if stated is None:
        return tuple(f"class {index}" for index in range(classes))
    if len(stated) != classes:
        raise SettingsError(
            f"the model has {classes} classes and {len(stated)} labels were given: "
            "give one label for each class, in the model's order"
        )
    return stated


def _read(path: Path) -> str:
    """The file's text; a byte order mark, which spreadsheets write, is no part of a label."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"there is no label file {path}; expected {FORMATS}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not readable as UTF-8 text; expected {FORMATS}") from error


def _from_folder(path: Path) -> tuple[str, ...]:
    """Sub-folder names in the order in which image_dataset_from_directory numbers them."""
    return tuple(sorted(entry.name for entry in path.iterdir() if entry.is_dir()))


def _from_text(path: Path, text: str) -> tuple[str, ...]:
    """One label a line; empty lines may only end the file."""
    del path
    return tuple(line.strip() for line in text.rstrip().splitlines())


def _from_json(path: Path, text: str) -> tuple[str, ...]:
    """A list, or an object in either direction."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from error
    if isinstance(found, list):
        return tuple(_name(item) for item in found)
    if isinstance(found, dict):
        if found and all(isinstance(value, int) for value in found.values()):
            return _in_order(path, {int(index): name for name, index in found.items()}, len(found))
        if all(key.isdigit() for key in found):
            named = {int(key): _name(value) for key, value in found.items()}
            return _in_order(path, named, len(found))
    raise SettingsError(
        f'{path} holds neither a list of labels, nor {{"0": "label"}}, nor {{"label": 0}}'
    )


def _from_csv(path: Path, text: str) -> tuple[str, ...]:
    """Labels alone, or an index and a label column in either order, header or not."""
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if row]
    widths = {len(row) for row in rows}
    if widths <= {1}:
        names = [row[0] for row in rows]
        return tuple(names[1:] if names and names[0].lower() in HEADERS else names)
    if widths != {2}:
        raise SettingsError(
            f"{path} has rows of {sorted(widths)} columns; expected the label, or number and label"
        )
    body = rows if any(cell.isdigit() for cell in rows[0]) else rows[1:]
    index_column = 0 if all(row[0].isdigit() for row in body) else 1
    numbers = [row[index_column] for row in body]
    if not all(number.isdigit() for number in numbers):
        raise SettingsError(f"{path} has no column of class numbers (0, 1, 2, …)")
    named = {int(row[index_column]): row[1 - index_column] for row in body}
    return _in_order(path, named, len(body))


def _in_order(path: Path, named: dict[int, str], rows: int) -> tuple[str, ...]:
    """The names by number, which must run from 0 without a gap or a repetition."""
    if sorted(named) != list(range(rows)):
        raise SettingsError(
            f"{path}: the class numbers must run from 0 to {rows - 1}, each once; "
            f"received {len(named)} different ones from {min(named)} to {max(named)}"
        )
    return tuple(named[index] for index in range(rows))


def _name(item: Json) -> str:
    """A label, or the readable half of ImageNet's [identifier, label]."""
    if isinstance(item, list) and item:
        return str(item[-1]).strip()
    return str(item).strip()
