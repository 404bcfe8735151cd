"""Where the paths of a plan begin, and what they are called in the output."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

from scoring.shards import Item
from scoring.sources.locations import Location, is_relative, is_text, readable

MAGIC = re.compile(r"[*?[]")
"""What makes a glob of a path."""


@dataclass(frozen=True, slots=True)
class Root:
    """An INPUT, seen as the folder that its paths are relative to. `root_of` makes one.

    Nothing is looked up: on another machine, or after the input has gone, it is the same.

    Args:
        base: the folder that INPUT is in; of a glob the last one before its first `*`, `?` or `[`.
        own: what paths of pictures in INPUT begin with; their names in the output leave it out.
    """

    base: Location
    own: str

    def locate(self, path: str) -> Location:
        """Where an `Item.path` or `Shard.path` is.

        Raises:
            InputError: it is a URL that is not of an object store.
        """
        return self.base.join(path)

    def name_of(self, path: str) -> str:
        """What it is called in the output."""
        return readable(path.removeprefix(self.own))

    def item(
        self, path: str, *, source: str | None = None, size: int = -1, expected: str | None = None
    ) -> Item:
        """A picture at `path`, as a plan holds it.

        Args:
            path: relative to `base`, absolute, or a URL; may hold what is not UTF-8, as
                `os.fsdecode` gives it.
            source: its name in the output, where it is not that of `path`.
            size: bytes, where they are known; else -1.
            expected: the class that the input says it is.
        """
        name = self.name_of(path) if source is None else readable(source)
        if self.base.is_local and not is_text(path):
            # Arrow holds UTF-8 alone; as a URL every name of a file can be written.
            bytes_of_path = self.locate(path).url.encode(errors="surrogateescape")
            path = f"file://{quote_from_bytes(bytes_of_path)}"
        return Item(name, path, size=size, expected=expected)


def root_of(location: Location) -> Root:
    """The root of an INPUT."""
    scheme, separator, path = location.url.rpartition("://")
    magic = MAGIC.search(path)
    folder = path[: magic.start()] if magic else path
    cut = folder.rfind("/")
    if cut < 0:  # a bucket
        return Root(location, "")
    base, own = path[:cut] or "/", path[cut + 1 :]
    return Root(Location(f"{scheme}{separator}{base}"), f"{own}/" if own else "")


@dataclass(frozen=True, slots=True)
class Archive:
    """A tar, ZIP or Parquet file of an input.

    Args:
        root: of the input.
        path: as in `Shard.path`.
    """

    root: Root
    path: str

    @property
    def location(self) -> Location:
        """Where it is."""
        return self.root.locate(self.path)

    @property
    def source(self) -> str:
        """Its name in the output: what comes before `!member` or `#row`."""
        return self.root.name_of(self.path)

    def beside(self, written: str, expected: str | None = None) -> Item:
        """The picture that a path in this file means: relative to the file's folder, or absolute.

        Raises:
            InputError: it is a URL that is not of an object store.
        """
        path = written
        if is_relative(written):
            path = posixpath.join(posixpath.dirname(self.path), written)
        self.root.locate(path)
        return self.root.item(path, source=written, expected=expected)
