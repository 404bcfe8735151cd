"""A model file's configuration, read as data: nothing in it is built or run."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py

from export.untyped import Json


def read_config(path: Path) -> Json:
    """The JSON configuration inside a `.keras` or `.h5` file."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    with h5py.File(path) as archive:
        return json.loads(_attribute(archive, "model_config"))


def lambda_names(config: Json) -> list[str]:
    """The names of the Lambda layers in a configuration, nested ones too."""
    return list(_lambdas(config))


def _lambdas(config: Json) -> Iterator[str]:
    """Walk lists and objects."""
    if isinstance(config, dict):
        if config.get("class_name") == "Lambda":
            inner = config.get("config")
            yield str(inner.get("name", "lambda") if isinstance(inner, dict) else "lambda")
        for value in config.values():
            yield from _lambdas(value)
    elif isinstance(config, list):
        for item in config:
            yield from _lambdas(item)


def _attribute(archive: h5py.File, name: str) -> bytes | str:
    """A text attribute; HDF5 gives it as bytes or text."""
    value: Json = archive.attrs[name]
    return value
