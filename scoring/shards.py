"""Shards: the slices of the input that are planned, scored and committed one by one."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["files", "tar", "zip", "parquet"]


@dataclass(frozen=True, slots=True)
class Item:
    """Where one picture lies.

    Args:
        source: its name in the output.
        path: of `files` the file or object, relative to the input's root unless it is absolute or
            has a scheme; of `tar` and `zip` the member's name.
        offset: of `tar` the member's first byte in the archive, of `zip` its local header; else 0.
        size: bytes, where they are known; else -1.
        expected: the class that the input says it is.
    """

    source: str
    path: str
    offset: int = 0
    size: int = -1
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """One slice of the input; the unit of commit. Small, and travels to other machines.

    Args:
        index: 0, 1, 2 …; the output's name is a function of it.
        first_id: of its first picture; the others count on from it.
        count: pictures.
        kind: how its pictures are read.
        path: the archive or Parquet file, relative to the input's root; empty of `files`.
        items: one a picture; empty of `parquet`.
        row_groups: of `parquet`: whole ones.
    """

    index: int
    first_id: int
    count: int
    kind: Kind
    path: str = ""
    items: tuple[Item, ...] = ()
    row_groups: tuple[int, ...] = ()

    @property
    def file(self) -> str:
        """The output's name."""
        return f"part-{self.index:06d}.parquet"
