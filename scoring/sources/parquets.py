"""Pictures in Parquet files, or paths of pictures."""

import math
from collections.abc import Iterator

import pyarrow as pa

from scoring.errors import InputError
from scoring.settings import InputSettings
from scoring.shards import Item, Shard
from scoring.sources.archive_file import open_archive
from scoring.sources.label_values import as_label
from scoring.sources.labels import folder_label
from scoring.sources.locations import first_words
from scoring.sources.members import too_large, unreadable
from scoring.sources.parquet_columns import BYTES_FIELD, Columns, choose_columns
from scoring.sources.parquet_file import ARROW_ERRORS, ParquetFile, is_damage, open_parquet
from scoring.sources.picture import Picture
from scoring.sources.root import Archive
from scoring.sources.shard_builder import ShardBuilder

BATCH_BYTES = 8_000_000
"""Of rows that are read at once, by their mean size in the row group."""

MAX_BATCH_ROWS = 4096


def plan_parquet(
    archive: Archive, settings: InputSettings, builder: ShardBuilder
) -> Iterator[Shard]:
    """The shards of a file: whole row groups of pictures, or the files that its paths name.

    Raises:
        InputError: the file cannot be read, is damaged, or names what cannot be read.
        SettingsError: it has not the columns.
    """
    with open_archive(archive) as file:
        parquet = open_parquet(file, archive.location.url)
        columns = choose_columns(archive.location.url, parquet.schema, settings)
    if columns.paths is None:
        yield from builder.cut_row_groups(archive.path, parquet.row_counts)
    else:
        yield from builder.cut("files", "", _items(archive, columns, settings))


def read_parquet(archive: Archive, shard: Shard, settings: InputSettings) -> Iterator[Picture]:
    """The pictures of one of its shards; where a row group is damaged, the rest of it has errors.

    Raises:
        InputError: the file cannot be read, or has changed since it was planned.
    """
    with open_archive(archive) as file:
        parquet = open_parquet(file, archive.location.url)
        columns = choose_columns(archive.location.url, parquet.schema, settings)
        if max(shard.row_groups) >= len(parquet.row_counts):
            raise InputError(
                f"{archive.location.url} has changed since the job was planned: it has "
                f"{len(parquet.row_counts)} row groups; use a new output"
            )
        for group in shard.row_groups:
            first_row = sum(parquet.row_counts[:group])
            yield from _read_group(
                parquet, archive, columns, settings, group=group, first_row=first_row
            )


def _items(archive: Archive, columns: Columns, settings: InputSettings) -> Iterator[Item]:
    """The pictures that a column of paths names.

    Raises:
        InputError: the column is damaged, or names a URL that is not of an object store.
    """
    row = 0
    with open_archive(archive) as file:
        parquet = open_parquet(file, archive.location.url)
        try:
            for batch in parquet.reader.iter_batches(MAX_BATCH_ROWS, columns=columns.read):
                paths = batch.column(columns.paths or "").to_pylist()
                for path, label in zip(paths, _labels(batch, columns), strict=True):
                    yield _item(archive, row, path, label, settings)
                    row += 1
        except ARROW_ERRORS as error:
            if not is_damage(error):
                raise
            raise InputError(
                f"{archive.location.url} is damaged behind row {row:,} ({first_words(error)}); "
                "fetch or write it again"
            ) from error


def _item(
    archive: Archive, row: int, path: str | None, label: str | None, settings: InputSettings
) -> Item:
    """The picture of a row; one without a path is a row with an error later."""
    name = f"{archive.source}#{row}"
    if settings.labels_from_folders and path:
        label = folder_label(path)
    if not path:
        return Item(name, "", expected=label)
    try:
        return archive.beside(path, label)
    except InputError as error:
        raise InputError(f"row {row} of {archive.source}: {error}") from error


def _read_group(
    parquet: ParquetFile,
    archive: Archive,
    columns: Columns,
    settings: InputSettings,
    *,
    group: int,
    first_row: int,
) -> Iterator[Picture]:
    """The pictures of a row group, a batch of bounded bytes in memory."""
    row, end = first_row, first_row + parquet.row_counts[group]
    reason = "it has fewer rows than the file says"
    try:
        batches = parquet.reader.iter_batches(
            min(MAX_BATCH_ROWS, math.ceil(BATCH_BYTES / parquet.mean_row_bytes(group))),
            row_groups=[group],
            columns=columns.read,
            use_threads=False,  # the cores are for decoding pictures
        )
        for batch in batches:
            pictures = batch.column(columns.pictures or "")
            cells = pictures.field(BYTES_FIELD) if columns.is_struct else pictures
            for cell, said in zip(cells, _labels(batch, columns), strict=True):
                label = folder_label(archive.source) if settings.labels_from_folders else said
                yield _picture(f"{archive.source}#{row}", cell, label, settings.max_file_bytes)
                row += 1
    except ARROW_ERRORS as error:
        if not is_damage(error):
            raise
        reason = first_words(error)
    for lost in range(row, end):
        name = f"{archive.source}#{lost}"
        yield unreadable(name, None, f"row group {group} is damaged from here on ({reason})")


def _labels(batch: pa.RecordBatch, columns: Columns) -> list[str | None]:
    """What the rows of a batch say of their classes."""
    if columns.label is None:
        return [None] * len(batch)
    return [
        as_label(value, columns.class_names) for value in batch.column(columns.label).to_pylist()
    ]


def _picture(source: str, cell: pa.Scalar, expected: str | None, max_bytes: int) -> Picture:
    """The picture of a cell."""
    data = cell.as_buffer()
    if data is None:
        return unreadable(source, expected, "the row has no bytes")
    if data.size > max_bytes:
        return too_large(source, expected, data.size, max_bytes)
    return Picture(source, data.to_pybytes(), expected)
