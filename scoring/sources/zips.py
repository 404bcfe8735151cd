"""Pictures in ZIP archives."""

import stat
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from typing import IO

from scoring.errors import InputError
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
    unreadable,
)
from scoring.sources.picture import Picture
from scoring.sources.root import Archive
from scoring.sources.shard_builder import ShardBuilder
from scoring.sources.zip_members import HEADER_BYTES, METHODS, MemberError, read_member

MAX_RATIO = 100
"""Pictures are compressed already; what shrinks a hundredfold, if it is large, is a bomb."""

MIN_BOMB_BYTES = 10_000_000
"""A blank bitmap shrinks a thousandfold too."""

_ENCRYPTED = 0x2041  # bits 0, 6 and 13: the data, strongly, the directory


def plan_zip(archive: Archive, settings: InputSettings, builder: ShardBuilder) -> Iterator[Shard]:
    """The shards of an archive, by its directory alone, in the order in which they lie in it.

    The directory is in memory meanwhile, about 0.7 kB a member.

    Raises:
        InputError: the archive cannot be read, is damaged, encrypted, made to swell, or holds what
            cannot be used where it lies: links, archives, names that lead out of it.
        SettingsError: the settings name a column, and it has none.
    """
    check_columns(
        archive.location.url, settings.path_column, settings.bytes_column, settings.label_column
    )
    return builder.cut("zip", archive.path, _items(archive, settings))


def read_zip(archive: Archive, shard: Shard, settings: InputSettings) -> Iterator[Picture]:
    """The pictures of one of its shards; a damaged member is a picture with an error.

    Raises:
        InputError: the archive cannot be read.
    """
    max_bytes = settings.max_file_bytes
    with open_archive(archive) as file:
        for item in shard.items:
            if item.size > max_bytes:
                yield too_large(item.source, item.expected, item.size, max_bytes)
                continue
            try:
                data = read_member(file, item.offset, item.size)
            except MemberError as error:
                yield unreadable(item.source, item.expected, str(error))
            else:
                yield Picture(item.source, data, item.expected)


def _items(archive: Archive, settings: InputSettings) -> Iterator[Item]:
    """Every picture of an archive; the archive is checked as a whole before the first one."""
    url = archive.location.url
    with open_archive(archive) as file:
        members = _directory(file, url)
    _check_apart(url, members)
    pictures: list[tuple[str, zipfile.ZipInfo]] = []
    for member in members:
        name = member_name(member.filename)
        if member.filename.endswith("/") or is_hidden(name):
            continue
        check_name(url, name)
        if is_picture(name):
            _check_member(url, name, member)
            pictures.append((name, member))
    for name, member in pictures:
        expected = folder_label(name) if settings.labels_from_folders else None
        source = f"{archive.source}!{name}"
        yield Item(source, name, member.header_offset, member.file_size, expected)


def _directory(file: IO[bytes], url: str) -> list[zipfile.ZipInfo]:
    """What the archive says of its members, in the order in which they lie in it."""
    try:
        with zipfile.ZipFile(file) as directory:
            return sorted(directory.infolist(), key=lambda member: member.header_offset)
    except OSError:
        raise
    except Exception as error:  # damaged directories make zipfile raise whatever it meets
        raise InputError(
            f"{url} is no ZIP archive, damaged or cut off ({error}); fetch or pack it again"
        ) from error


def _check_apart(url: str, members: list[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes: so a small file can promise any amount of pictures."""
    for member, following in pairwise(members):
        if member.header_offset + HEADER_BYTES + member.compress_size > following.header_offset:
            raise InputError(
                f"{url} is made like a ZIP bomb: {following.filename!r} begins inside of "
                f"{member.filename!r}; pack it again"
            )


def _check_member(url: str, name: str, member: zipfile.ZipInfo) -> None:
    """Refuse a picture that cannot be read from here, or swells beyond measure.

    Raises:
        InputError: see above.
    """
    if member.flag_bits & _ENCRYPTED:
        raise InputError(
            f"{url} is encrypted ({name!r} is); unpack it with its password and give the folder"
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise link_error(url, name)
    if member.compress_type not in METHODS:
        raise InputError(
            f"{name!r} of {url} is compressed by method {member.compress_type}; expected stored "
            "(0) or deflated (8): pack it again with `zip`"
        )
    swells = member.file_size > MAX_RATIO * member.compress_size
    if swells and member.file_size > MIN_BOMB_BYTES:
        raise InputError(
            f"{url} is a ZIP bomb: {name!r} would swell from {member.compress_size:,} to "
            f"{member.file_size:,} bytes; remove it"
        )
