"""Which columns of a Parquet file hold pictures, paths and labels."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa
import pyarrow.types as of

from scoring.errors import SettingsError
from scoring.settings import InputSettings
from scoring.sources.columns import PATH_COLUMNS, find_column, guess_column, listed
from scoring.sources.labels import LABEL_COLUMNS

BYTES_COLUMNS = ("image", "picture", "img", "bytes", "image_bytes", "jpg", "jpeg", "png", "data")
"""What a column of encoded pictures is usually called."""

BYTES_FIELD = "bytes"
"""Hugging Face keeps a picture as a struct of its bytes and its path."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read.

    Args:
        pictures: of encoded pictures; None where there are paths instead.
        paths: of paths; None where there are pictures.
        label: of the classes; None where there is none.
        class_names: by the number in `label`, where the file has them; else empty.
        is_struct: a picture is the field `bytes` of what `pictures` holds.
    """

    pictures: str | None
    paths: str | None
    label: str | None
    class_names: tuple[str, ...] = ()
    is_struct: bool = False

    @property
    def read(self) -> list[str]:
        """What is to be read, as pyarrow names it."""
        pictures = f"{self.pictures}.{BYTES_FIELD}" if self.is_struct else self.pictures
        return [name for name in (pictures, self.paths, self.label) if name is not None]


def choose_columns(source: str, schema: pa.Schema, settings: InputSettings) -> Columns:
    """The columns that the settings name, or else those that are usual.

    Raises:
        SettingsError: one is not there or holds something else, or none can be told.
    """
    asked = _Asked(source, schema)
    pictures = asked.find(settings.bytes_column, _is_pictures, "encoded pictures (binary)")
    paths = asked.find(settings.path_column, _is_text, "paths (string)")
    label = asked.find(settings.label_column, _is_label, "labels (integers or strings)")
    if pictures is not None and paths is not None:
        raise SettingsError("pictures come either from --bytes-column or from --path-column")
    if pictures is None and paths is None:
        pictures = _guess_pictures(asked.that_are(_is_pictures))
    if pictures is None and paths is None:
        paths = guess_column(asked.that_are(_is_text), PATH_COLUMNS)
    if pictures is None and paths is None:
        raise SettingsError(
            f"say with --bytes-column or --path-column which column of {source} holds the "
            f"pictures; there are: {listed(schema.names)}"
        )
    if label is None and not settings.labels_from_folders:
        label = guess_column(asked.that_are(_is_label), LABEL_COLUMNS)
    is_struct = pictures is not None and of.is_struct(schema.field(pictures).type)
    return Columns(pictures, paths, label, _class_names(schema, label), is_struct)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The columns of a file, asked for one by one."""

    source: str
    schema: pa.Schema

    def find(
        self, name: str | None, is_right: Callable[[pa.DataType], bool], expected: str
    ) -> str | None:
        """A column by its name, which must hold the right thing; None where none is named."""
        found = find_column(self.source, self.schema.names, name)
        if found is not None and not is_right(kind := self.schema.field(found).type):
            raise SettingsError(
                f"column {found!r} of {self.source} holds {kind}; expected {expected}"
            )
        return found

    def that_are(self, is_right: Callable[[pa.DataType], bool]) -> list[str]:
        """The columns that hold a thing."""
        return [field.name for field in self.schema if is_right(field.type)]


def _guess_pictures(there: list[str]) -> str | None:
    """The column of pictures among those of bytes: the one with a usual name, or the only one."""
    return guess_column(there, BYTES_COLUMNS) or (there[0] if len(there) == 1 else None)


def _is_pictures(kind: pa.DataType) -> bool:
    """Bytes, or a struct with bytes in it."""
    if of.is_struct(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        return any(field.name == BYTES_FIELD and _is_bytes(field.type) for field in fields)
    return _is_bytes(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    """Bytes."""
    return of.is_binary(kind) or of.is_large_binary(kind) or of.is_binary_view(kind)


def _is_text(kind: pa.DataType) -> bool:
    """Text, as it is or in a dictionary."""
    if of.is_dictionary(kind):
        return _is_text(kind.value_type)
    return of.is_string(kind) or of.is_large_string(kind) or of.is_string_view(kind)


def _is_label(kind: pa.DataType) -> bool:
    """A class id or a name."""
    return of.is_integer(kind) or _is_text(kind)


def _class_names(schema: pa.Schema, label: str | None) -> tuple[str, ...]:
    """The names that Hugging Face keeps of its class labels; empty where there are none."""
    written = (schema.metadata or {}).get(b"huggingface")
    if label is None or written is None:
        return ()
    try:
        features = json.loads(written)["info"]["features"]
        names = cast(list[Any], features[label]["names"])
        return tuple(str(name) for name in names)
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()  # metadata of somebody else's making
