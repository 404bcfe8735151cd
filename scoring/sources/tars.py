"""Pictures in tar archives, the shards of WebDataset among them."""

from collections.abc import Iterator
from typing import IO

from scoring.errors import InputError, SettingsError
from scoring.settings import InputSettings
from scoring.shards import Item, Shard
from scoring.sources.archive_file import open_archive
from scoring.sources.kinds import is_picture
from scoring.sources.labels import folder_label
from scoring.sources.members import (
    check_columns,
    check_name,
    is_hidden,
    link_error,
    member_name,
    too_large,
)
from scoring.sources.picture import Picture
from scoring.sources.root import Archive
from scoring.sources.shard_builder import ShardBuilder
from scoring.sources.tar_headers import read_headers
from scoring.sources.webdataset import MAX_LABEL_BYTES, MAX_PICTURES, Found, Sample, split_name

MAX_FIELDS = 20
"""That a message names."""


def plan_tar(archive: Archive, settings: InputSettings, builder: ShardBuilder) -> Iterator[Shard]:
    """The shards of an archive, by its headers alone.

    A picture is labelled by the `.cls` or `.json` member of its name beside it, or by its folder.

    Raises:
        InputError: the archive cannot be read, is compressed, damaged or cut off, or holds what
            cannot be used where it lies: links, archives, sparse files.
        SettingsError: no `.json` member has the label column, or another column is named.
    """
    check_columns(archive.location.url, settings.path_column, settings.bytes_column)
    return builder.cut("tar", archive.path, _items(archive, settings))


def read_tar(archive: Archive, shard: Shard, settings: InputSettings) -> Iterator[Picture]:
    """The pictures of one of its shards, read one by one from where the plan says they lie.

    Raises:
        InputError: the archive cannot be read, or has shrunk since it was planned.
    """
    max_bytes = settings.max_file_bytes
    end = max(item.offset + item.size for item in shard.items)
    with open_archive(archive, until=end) as file:
        for item in shard.items:
            if item.size > max_bytes:
                yield too_large(item.source, item.expected, item.size, max_bytes)
            else:
                yield Picture(item.source, _read(file, archive, item), item.expected)


def _read(file: IO[bytes], archive: Archive, item: Item) -> bytes:
    """The bytes of a picture."""
    file.seek(item.offset)
    data = file.read(item.size)
    if len(data) < item.size:
        raise InputError(
            f"{archive.location.url} has changed since the job was planned: {item.path!r} is cut "
            "off; use a new output"
        )
    return data


def _items(archive: Archive, settings: InputSettings) -> Iterator[Item]:
    """Every picture of an archive, in its order."""
    fields: set[str] = set()
    labelled = pictures = 0
    for sample in _samples(archive, settings):
        if len(fields) < MAX_FIELDS:
            fields.update(sample.fields[:MAX_FIELDS])
        for found in sample.pictures:
            expected = sample.label
            if settings.labels_from_folders:
                expected = folder_label(found.name)
            pictures += 1
            labelled += expected is not None
            source = f"{archive.source}!{found.name}"
            yield Item(source, found.name, found.offset, found.size, expected)
    column = settings.label_column
    if column and pictures and not labelled and column not in fields:
        raise SettingsError(
            f"no .json member of {archive.location.url} says {column!r} of a "
            f"picture; there are: {', '.join(sorted(fields)[:MAX_FIELDS]) or 'none'}"
        )


def _samples(archive: Archive, settings: InputSettings) -> Iterator[Sample]:
    """Pictures with what the members beside them say; of a tar that is no WebDataset, nothing."""
    url = archive.location.url
    sample = Sample("")
    with open_archive(archive) as file:
        for member in read_headers(file, url):
            name = member_name(member.name)
            if member.isdir() or is_hidden(name):
                continue
            check_name(url, name)
            key, ending = split_name(name)
            if key != sample.key or len(sample.pictures) >= MAX_PICTURES:
                yield sample
                sample = Sample(key)
            if is_picture(name):
                if member.issym() or member.islnk() or member.issparse():
                    raise link_error(url, name)
                if member.isreg():
                    sample.pictures.append(Found(name, member.offset_data, member.size))
            elif ending in ("cls", "json") and member.isreg() and member.size <= MAX_LABEL_BYTES:
                file.seek(member.offset_data)
                _take_label(sample, ending, file.read(member.size), settings.label_column)
    yield sample


def _take_label(sample: Sample, ending: str, data: bytes, column: str | None) -> None:
    """Let a sample know what a member beside its pictures says."""
    if ending == "json":
        sample.read_json(data, column)
    elif column in (None, "cls"):
        sample.read_class(data)
