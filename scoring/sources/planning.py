"""The shards of an input, each made when it is asked for: millions of pictures are never a list."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from scoring.errors import InputError, SettingsError
from scoring.settings import InputSettings
from scoring.shards import Item, Kind, Shard
from scoring.sources.detection import InputKind, detect
from scoring.sources.kinds import PICTURES
from scoring.sources.labels import folder_label
from scoring.sources.listing import list_input
from scoring.sources.locations import parse_location
from scoring.sources.parquets import plan_parquet
from scoring.sources.root import Archive, Root, root_of
from scoring.sources.shard_builder import ShardBuilder
from scoring.sources.tars import plan_tar
from scoring.sources.zips import plan_zip

ARCHIVE_PLANNERS = {"tar": plan_tar, "zip": plan_zip, "parquet": plan_parquet}

_Found = tuple[Kind, Item]


def plan(settings: InputSettings) -> Iterator[Shard]:
    """List the input and cut it into shards.

    Raises:
        InputError: there is no such input, it cannot be read, or it holds no picture.
        SettingsError: it has not the columns that the settings name.
    """
    if settings.labels_from_folders and settings.label_column is not None:
        raise SettingsError("labels are either in a column or the names of folders: choose one")
    location = parse_location(settings.location)
    kind = detect(location)
    root = root_of(location)
    builder = ShardBuilder(settings.shard_pictures)
    is_empty = True
    for run_kind, run in groupby(list_input(kind, root, location, settings), key=itemgetter(0)):
        if run_kind == "files":
            _check_columns(kind, settings)
            shards = builder.cut("files", "", _pictures(run, settings))
        else:
            shards = _plan_archives(run_kind, root, run, settings, builder)
        for shard in shards:
            is_empty = False
            yield shard
    if is_empty:
        raise InputError(_nothing_in(kind, location.url))


def _pictures(found: Iterable[_Found], settings: InputSettings) -> Iterator[Item]:
    """The pictures, with the classes that their folders name."""
    for _, item in found:
        if settings.labels_from_folders:
            yield replace(item, expected=folder_label(item.source))
        else:
            yield item


def _plan_archives(
    kind: Kind,
    root: Root,
    found: Iterable[_Found],
    settings: InputSettings,
    builder: ShardBuilder,
) -> Iterator[Shard]:
    """The shards of archives of one kind, one archive after the other."""
    for _, item in found:
        yield from ARCHIVE_PLANNERS[kind](Archive(root, item.path), settings, builder)


def _check_columns(kind: InputKind, settings: InputSettings) -> None:
    """Refuse columns of pictures that come without any.

    Raises:
        SettingsError: the settings name one.
    """
    named = [settings.bytes_column]
    if kind != "csv":
        named += [settings.path_column, settings.label_column]
    asked = next((column for column in named if column is not None), None)
    if asked is not None:
        raise SettingsError(f"{_WORDS[kind]} has no column {asked!r}; leave the option out")


_WORDS: dict[InputKind, str] = {
    "folder": "a folder of pictures",
    "glob": "a glob of pictures",
    "list": "a list of paths",
    "csv": "a CSV file's pictures lie in files: it",
    "files": "a picture",
}


def _nothing_in(kind: InputKind, url: str) -> str:
    """The sentence about an input without pictures."""
    match kind:
        case "folder":
            known = " ".join(PICTURES[:8])
            return f"no picture is in {url}: no file there ends in {known} … or is an archive"
        case "glob":
            return f"no file matches {url}"
        case "list" | "csv":
            return f"{url} lists no picture"
        case _:
            return f"no picture is in {url}"
