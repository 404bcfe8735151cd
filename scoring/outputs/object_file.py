"""An object as a file to seek in; only what is read is fetched."""

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    Fetch = Callable[[int, int], ReadableBuffer]
    """(first byte, how many) → those bytes."""


class ObjectFile(io.RawIOBase):
    """Reads ranges of an object."""

    def __init__(self, size_bytes: int, fetch: "Fetch") -> None:
        """Fetch nothing yet.

        Args:
            size_bytes: of the object.
            fetch: asks the store for a range.
        """
        self._size_bytes = size_bytes
        self._fetch = fetch
        self._position = 0

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
        target[:count] = memoryview(self._fetch(self._position, count))
        self._position += count
        return count
