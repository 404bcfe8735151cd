"""What lies under a prefix of an object store, page by page."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from scoring.errors import InputError
from scoring.sources.folders import JOB_FILE
from scoring.sources.locations import Location, first_words

if TYPE_CHECKING:
    from obstore import ObjectMeta  # there at no other time

PAGE = 1000
"""Objects a request; no store gives more."""


def pages(store: ObjectStore, key: str, size: int = PAGE) -> Iterator["Sequence[ObjectMeta]"]:
    """Objects under a key, as many as `size` at a time; what goes wrong is as obstore raises it."""
    listed = obstore.list(store, key or None, chunk_size=size)  # pyright: ignore[reportUnknownMemberType] arro3 is not installed
    yield from listed


def list_objects(prefix: Location) -> Iterator[tuple[str, int]]:
    """Objects, relative to the prefix, and their bytes; in the store's order, that of the keys.

    What is hidden is passed over, and so are outputs of scoring jobs.

    Raises:
        InputError: it cannot be listed.
    """
    store, key = prefix.open_store()
    output: str | None = None
    try:
        for page in pages(store, key):
            for entry in page:
                path = entry["path"].removeprefix(key).lstrip("/")
                folder, _, name = path.rpartition("/")
                if name == JOB_FILE:
                    output = folder
                is_hidden = any(part.startswith(".") for part in path.split("/"))
                if path and not is_hidden and folder != output:
                    yield path, entry["size"]
    except (BaseError, OSError, ValueError) as error:
        raise InputError(f"cannot list {prefix.url}: {first_words(error)}") from error
