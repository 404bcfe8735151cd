"""An object as a file to seek in; only what is read is fetched."""

import io
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import obstore
from obstore.store import ObjectStore

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class ObjectFile(io.RawIOBase):
    """Reads ranges of an object."""

    def __init__(
        self, store: ObjectStore, key: str, explained: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Ask how large it is.

        Args:
            store: its bucket.
            key: its name there.
            explained: turns what the store says into an error for a person.
        """
        self._store = store
        self._key = key
        self._explained = explained
        self._position = 0
        with explained():
            self._size_bytes = obstore.head(store, key)["size"]

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a byte."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}
        self._position = base[whence] + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fetch as many bytes as fit, or as there are."""
        target = memoryview(buffer).cast("B")
        count = min(len(target), self._size_bytes - self._position)
        if count <= 0:
            return 0
        with self._explained():
            data = obstore.get_range(self._store, self._key, start=self._position, length=count)
        target[:count] = memoryview(data)
        self._position += count
        return count
