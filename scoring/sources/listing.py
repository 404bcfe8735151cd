"""The pictures and archives that an input names, in the order of the output."""

import re
from collections.abc import Iterator

from fsspec.utils import glob_translate

from scoring.errors import InputError
from scoring.settings import InputSettings
from scoring.shards import Item, Kind
from scoring.sources.detection import InputKind
from scoring.sources.folders import Folder
from scoring.sources.kinds import is_usable, kind_of
from scoring.sources.lists import read_csv, read_list
from scoring.sources.locations import Location
from scoring.sources.objects import list_objects
from scoring.sources.root import Root


def list_input(
    kind: InputKind, root: Root, location: Location, settings: InputSettings
) -> Iterator[tuple[Kind, Item]]:
    """What is in the input: pictures (`files`) and archives, as they come.

    Raises:
        InputError: it cannot be listed, or names what cannot be read.
        SettingsError: a CSV file has not the columns.
    """
    match kind:
        case "folder":
            items = _list_folder(root, location)
        case "glob":
            items = _match_glob(root, location)
        case "list":
            items = read_list(root, location)
        case "csv":
            items = read_csv(root, location, settings)
        case _:
            yield kind, root.item(location.name)
            return
    for item in items:
        yield kind_of(item.path), item


def _list_folder(root: Root, location: Location) -> Iterator[Item]:
    """The pictures and archives of a folder, by their names."""
    if location.is_local:
        for path in Folder(location.url, is_usable).files():
            yield root.item(root.own + path)
        return
    for path, size in list_objects(location):
        if is_usable(path):
            yield root.item(root.own + path, size=size)


def _match_glob(root: Root, location: Location) -> Iterator[Item]:
    """The files that a glob matches, whatever their names end in.

    Raises:
        InputError: `**` is a part of a name in it.
    """
    pattern = location.url.removeprefix(root.base.url).lstrip("/")
    parts = pattern.split("/")
    try:
        matches = re.compile(glob_translate(pattern)).match
    except ValueError as error:
        raise InputError(
            f"the glob {location.url} cannot be used: `**` stands for folders, as in "
            "`photos/**/*.jpg`"
        ) from error
    if root.base.is_local:
        depth = None if "**" in parts else len(parts)
        folder = Folder(root.base.url, lambda path: matches(path) is not None, depth)
        for path in folder.files():
            yield root.item(path)
        return
    for path, size in list_objects(root.base):
        if matches(path):
            yield root.item(path, size=size)
