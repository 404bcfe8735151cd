"""One object of a store, written only if it is in the state that the writer knows."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import ObjectStore

from scoring.outputs.patience import persist

if TYPE_CHECKING:  # obstore has them for type checkers alone
    from obstore import PutMode, UpdateVersion

CONFLICT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Version:
    """One content of an object, as the store tells it from others."""

    e_tag: str | None
    number: str | None

    def condition(self) -> "UpdateVersion":
        """As obstore takes it."""
        known: UpdateVersion = {}
        if self.e_tag is not None:
            known["e_tag"] = self.e_tag
        if self.number is not None:
            known["version"] = self.number
        return known


@dataclass(frozen=True, slots=True)
class ConditionalObject:
    """An object that is created or changed by conditional puts (If-None-Match, If-Match).

    Args:
        store: its bucket.
        key: its name there.
        patience_seconds: how long a request is repeated whose answer was lost.
    """

    store: ObjectStore
    key: str
    patience_seconds: float

    def create(self, data: bytes | memoryview) -> Version | None:
        """Write it if it is not there; None if it is."""
        while True:
            try:
                return self._put(data, "create")
            except (AlreadyExistsError, PreconditionError):  # the latter from Azure
                if self._is_there():
                    return None
            # S3 answers 409 where a delete came between its look and its write: nothing was
            # written, and obstore has the same error for it.
            time.sleep(CONFLICT_SECONDS)

    def update(self, data: bytes, version: Version) -> Version | None:
        """Write it if it is still that version; None if it is not."""
        try:
            return self._put(data, version.condition())
        except (PreconditionError, AlreadyExistsError, FileNotFoundError):
            return None

    def read(self) -> tuple[bytes, Version] | None:
        """Its bytes and version, or None where it is not there."""
        try:
            return persist(self._get, self.patience_seconds)
        except FileNotFoundError:
            return None

    def delete(self) -> None:
        """Remove it; nothing where it is not there."""
        try:
            persist(lambda: obstore.delete(self.store, self.key), self.patience_seconds)
        except FileNotFoundError:
            return

    def _get(self) -> tuple[bytes, Version]:
        """One request: the bytes come after its answer, and may be lost, too."""
        found = obstore.get(self.store, self.key)
        meta = found.meta
        return found.bytes().to_bytes(), Version(meta["e_tag"], meta["version"])

    def _is_there(self) -> bool:
        """Whether it has any content."""
        try:
            persist(lambda: obstore.head(self.store, self.key), self.patience_seconds)
        except FileNotFoundError:
            return False
        return True

    def _put(self, data: bytes | memoryview, mode: "PutMode") -> Version:
        """A conditional put."""
        result = persist(
            lambda: obstore.put(self.store, self.key, data, mode=mode), self.patience_seconds
        )
        return Version(result["e_tag"], result["version"])
