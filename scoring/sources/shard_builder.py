"""Cutting what an input lists into shards, and numbering them."""

from collections.abc import Iterable, Iterator
from itertools import islice

from scoring.shards import Item, Kind, Shard


class ShardBuilder:
    """Makes the shards of one input, one after the other; their numbers and ids count on.

    A shard never spans two archives: the last one of each is as short as it comes.
    """

    def __init__(self, shard_pictures: int) -> None:
        self._shard_pictures = shard_pictures
        self._index = 0
        self._first_id = 0

    def cut(self, kind: Kind, path: str, items: Iterable[Item]) -> Iterator[Shard]:
        """Shards of as many pictures as the settings say, taken from `items` while it is read.

        Args:
            kind: `files`, `tar` or `zip`.
            path: the archive, relative to the input's root; empty of `files`.
            items: where each picture lies, in the order of the output.
        """
        rest = iter(items)
        while taken := tuple(islice(rest, self._shard_pictures)):
            yield self._next(kind, path, len(taken), items=taken)

    def cut_row_groups(self, path: str, row_counts: Iterable[int]) -> Iterator[Shard]:
        """Shards of whole row groups: as many as fit, and at least one.

        Args:
            path: the Parquet file, relative to the input's root.
            row_counts: rows of its row groups 0, 1, 2 …; empty groups are in no shard.
        """
        groups: list[int] = []
        rows = 0
        for group, count in enumerate(row_counts):
            if not count:
                continue
            if groups and rows + count > self._shard_pictures:
                yield self._next("parquet", path, rows, row_groups=tuple(groups))
                groups, rows = [], 0
            groups.append(group)
            rows += count
        if groups:
            yield self._next("parquet", path, rows, row_groups=tuple(groups))

    def _next(
        self,
        kind: Kind,
        path: str,
        count: int,
        *,
        items: tuple[Item, ...] = (),
        row_groups: tuple[int, ...] = (),
    ) -> Shard:
        """The next shard, numbered."""
        shard = Shard(self._index, self._first_id, count, kind, path, items, row_groups)
        self._index += 1
        self._first_id += count
        return shard
