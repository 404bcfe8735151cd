"""One object of a store, written only if it is in the state that the writer knows."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, GenericError, PreconditionError
from obstore.store import ObjectStore

if TYPE_CHECKING:  # obstore has them for type checkers alone
    from obstore import PutResult, UpdateVersion

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 15.0


@dataclass(frozen=True, slots=True)
class Version:
    """One content of an object, as the store tells it from others."""

    e_tag: str | None
    number: str | None

    def condition(self) -> "UpdateVersion":
        """As obstore takes it."""
        return {"e_tag": self.e_tag, "version": self.number}


@dataclass(frozen=True, slots=True)
class ConditionalObject:
    """An object that is created or changed by conditional puts (If-None-Match, If-Match).

    Args:
        store: its bucket.
        key: its name there.
        patience_seconds: how long a put is repeated whose answer was lost.
    """

    store: ObjectStore
    key: str
    patience_seconds: float

    def create(self, data: bytes | memoryview) -> Version | None:
        """Write it if it is not there; None if it is."""
        while True:
            try:
                return _version(
                    self._persist(lambda: obstore.put(self.store, self.key, data, mode="create"))
                )
            except (AlreadyExistsError, PreconditionError):  # the latter from Azure
                if self._is_there():
                    return None
            # S3 answers 409 where a delete came between its look and its write: nothing was
            # written, and obstore has the same error for it.
            time.sleep(FIRST_WAIT_SECONDS)

    def update(self, data: bytes, version: Version) -> Version | None:
        """Write it if it is still that version; None if it is not."""
        mode = version.condition()
        try:
            return _version(
                self._persist(lambda: obstore.put(self.store, self.key, data, mode=mode))
            )
        except (PreconditionError, AlreadyExistsError, FileNotFoundError):
            return None

    def read(self) -> tuple[bytes, Version] | None:
        """Its bytes and version, or None where it is not there."""
        try:
            found = obstore.get(self.store, self.key)
        except FileNotFoundError:
            return None
        meta = found.meta
        return found.bytes().to_bytes(), Version(meta["e_tag"], meta["version"])

    def delete(self) -> None:
        """Remove it; nothing where it is not there."""
        try:
            obstore.delete(self.store, self.key)
        except FileNotFoundError:
            return

    def _is_there(self) -> bool:
        """Whether it has any content."""
        try:
            obstore.head(self.store, self.key)
        except FileNotFoundError:
            return False
        return True

    def _persist(self, put: "Callable[[], PutResult]") -> "PutResult":
        """Repeat a put whose answer was lost.

        obstore repeats what a server refused for the moment, and connections that failed; a put
        that may have been done it does not. Ours may be done twice: the second one finds the name
        taken by the same bytes, or by our own token.
        """
        deadline = time.monotonic() + self.patience_seconds
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                return put()
            except GenericError:
                if time.monotonic() + wait > deadline:
                    raise
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def _version(result: "PutResult") -> Version:
    """What a put made."""
    return Version(result["e_tag"], result["version"])
