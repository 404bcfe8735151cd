"""A prefix of an object store: S3 and what speaks its protocol, Google's, Azure's.

What is put appears whole or not at all; nothing is ever streamed to its final name. The store
itself refuses a second put of the same name, so that it needs no lock for that.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import (
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from scoring.errors import OutputError
from scoring.outputs.conditional import ConditionalObject
from scoring.outputs.lease import Lease, Pace
from scoring.outputs.object_file import ObjectFile
from scoring.outputs.output import LOCK
from scoring.outputs.patience import Answer, persist
from scoring.sources.locations import Location

PATIENCE_SECONDS = 180.0
"""How long a store may be unreachable; obstore's own retries of a request end as late."""
WORDS = 300


class ObjectOutput:
    """Results as objects under one prefix; see `Output`."""

    def __init__(
        self,
        place: Location,
        *,
        pace: Pace | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Open the bucket; nothing is asked of it yet.

        Args:
            place: `s3://bucket/prefix` and the like.
            pace: of the lock.
            patience_seconds: how long a request is repeated whose answer was lost.

        Raises:
            OutputError: the environment's keys or the URL are not what the store takes.
        """
        self._place = place
        self._pace = pace or Pace()
        self._patience_seconds = patience_seconds
        self._lease: Lease | None = None
        with self._explained():
            self._store, self._prefix = place.open_store()

    @property
    def location(self) -> str:
        """The URL."""
        return self._place.url

    def names(self) -> set[str]:
        """See `Output`."""
        found = self._ask(
            lambda: obstore.list_with_delimiter(  # pyright: ignore[reportUnknownMemberType] arro3 is not installed
                self._store, self._prefix or None
            )
        )
        paths = [entry["path"] for entry in found["objects"]] + list(found["common_prefixes"])
        names = {path.removeprefix(self._prefix).strip("/") for path in paths}
        return names - {LOCK, ""}  # the empty one is the folder's own object, which some tools make

    def read(self, name: str) -> bytes | None:
        """See `Output`."""
        with self._explained():
            found = self._object(name).read()
        return None if found is None else found[0]

    def open(self, name: str) -> BinaryIO:
        """See `Output`."""
        key = self._key(name)
        size_bytes = self._ask(lambda: obstore.head(self._store, key)["size"])

        def fetch(start: int, length: int) -> bytes:
            found = self._ask(
                lambda: obstore.get_range(self._store, key, start=start, length=length)
            )
            return found.to_bytes()

        return cast("BinaryIO", ObjectFile(size_bytes, fetch))

    def commit(self, name: str, data: bytes | memoryview) -> bool:
        """See `Output`. Also False where it is ours and the answer that said so was lost."""
        self._check()
        with self._explained():
            return self._object(name).create(data) is not None

    def replace(self, name: str, data: bytes) -> None:
        """See `Output`."""
        self._check()
        key = self._key(name)
        self._ask(lambda: obstore.put(self._store, key, data, use_multipart=False))

    @contextmanager
    def hold(self) -> Generator[None]:
        """See `Output`."""
        lease = Lease(self._object(LOCK), self.location, self._pace)
        with self._explained():
            lease.acquire()
        self._lease = lease
        try:
            yield
        finally:
            self._lease = None
            with suppress(BaseError):  # out of reach: it grows stale
                lease.release()

    def _check(self) -> None:
        """Whether the hold, where there is one, is still ours."""
        if self._lease is not None:
            self._lease.check()

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        """Make a request; see `persist` and `_explained`."""
        with self._explained():
            return persist(request, self._patience_seconds)

    def _object(self, name: str) -> ConditionalObject:
        """One name."""
        return ConditionalObject(self._store, self._key(name), self._patience_seconds)

    def _key(self, name: str) -> str:
        """Its name in the bucket."""
        return f"{self._prefix}/{name}" if self._prefix else name

    @contextmanager
    def _explained(self) -> Generator[None]:
        """What the store says, as one sentence for a person."""
        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise OutputError(
                f"{self.location} refuses access; check the keys in the environment and what they "
                f"may do: {_words(error)}"
            ) from error
        except FileNotFoundError as error:
            raise OutputError(self._nowhere(error)) from error
        except (BaseError, ValueError) as error:
            if "404 Not Found" in _words(error):  # so a listing says it
                raise OutputError(self._nowhere(error)) from error
            raise OutputError(
                f"{self.location} cannot be used: {_words(error)}; once it can, run the same "
                "command again: it goes on where it stopped"
            ) from error

    def _nowhere(self, error: Exception) -> str:
        """One sentence, of a bucket that is not there."""
        return f"there is no such place as {self.location}: {_words(error)}"


def _words(error: Exception) -> str:
    """What the store said, without the request before it and the debugging output behind it."""
    said = str(error).partition("\n")[0].rpartition(" - ")[2]
    return said.partition("<")[0].strip(" :")[:WORDS]
