"""A lock in an object store: an object that whoever holds it renews, and that grows stale.

Nothing in a store dies with a process, and no two clocks agree. So a holder changes its object
every few seconds, and whoever wants it watches: once it has stayed the same for long enough by the
watcher's own clock, it is taken over by a conditional put, which one watcher alone can win.

A holder that was cut off for so long has lost it. That does no harm to the results, whose parts
are put conditionally and are the same whoever writes them; the holder stops all the same.
"""

import logging
import threading
import time
from dataclasses import dataclass, replace

from obstore.exceptions import BaseError

from scoring.errors import BusyError
from scoring.outputs.conditional import ConditionalObject, Version
from scoring.outputs.holder import Holder

logger = logging.getLogger(__name__)

RELEASE_SECONDS = 5
"""How long the end waits for a renewal under way, and for the store: what stays grows stale."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a lease is renewed, looked at, and given up for stale."""

    renew_seconds: float = 10
    look_seconds: float = 1
    stale_seconds: float = 30


class Lease:
    """Holds one object, from `acquire` to `release`."""

    def __init__(self, lock: ConditionalObject, location: str, pace: Pace) -> None:
        self._lock = lock
        self._location = location
        self._pace = pace
        self._holder = Holder.here()
        self._version: Version
        self._lost = threading.Event()
        self._released = threading.Event()
        self._renewal = threading.Thread(target=self._renew, name="lease", daemon=True)

    def acquire(self) -> None:
        """Take it, at once or once its holder is dead.

        Raises:
            BusyError: its holder is at work.
            obstore.exceptions.BaseError: the store does not answer.
        """
        self._version = self._take()
        self._renewal.start()

    def release(self) -> None:
        """Let others have it; where the store is out of reach, it soon gives up."""
        self._released.set()
        self._lock = replace(self._lock, patience_seconds=RELEASE_SECONDS)
        self._renewal.join(RELEASE_SECONDS)
        if self._lost.is_set():
            return
        found = self._look()
        if found is not None and self._is_ours(found[0]):
            self._lock.delete()

    def check(self) -> None:
        """Return if it is still held.

        Raises:
            BusyError: another run has taken it over.
        """
        if self._lost.is_set():
            raise BusyError(
                f"{self._location} could not be reached for so long that another run took it "
                "over; let that one go on, or stop it and run the same command again"
            )

    def _take(self) -> Version:
        """See `acquire`."""
        while True:
            version = self._lock.create(self._holder.encode())
            if version is not None:
                return version
            found = self._look()
            if found is None:  # released this very moment
                continue
            holder, version = found
            if self._is_ours(holder):  # our own put, whose answer was lost
                return version
            self._watch(holder, version)
            taken = self._lock.update(self._holder.encode(), version)
            if taken is not None:
                return taken

    def _watch(self, holder: Holder | None, version: Version) -> None:
        """Return once it may be taken over.

        Raises:
            BusyError: its holder renews it.
        """
        if holder is not None and holder.is_dead:
            return
        who = "another run" if holder is None else f"another run ({holder.words})"
        logger.warning(
            "%s is held by %s; watching for %g s whether it is at work",
            self._location,
            who,
            self._pace.stale_seconds,
        )
        deadline = time.monotonic() + self._pace.stale_seconds
        while time.monotonic() < deadline:
            time.sleep(self._pace.look_seconds)
            found = self._look()
            if found is None:
                return
            if found[1] != version:
                raise BusyError(
                    f"{who} is at work on {self._location}; wait until it has ended, or stop it"
                )

    def _renew(self) -> None:
        """The thread that changes the object, until it is released or lost."""
        while not self._released.wait(self._pace.renew_seconds):
            self._holder = self._holder.renewed()
            try:
                version = self._lock.update(self._holder.encode(), self._version)
                found = None if version is not None else self._look()
            except BaseError:  # not reached just now; the next time may be in time
                continue
            if version is None and found is not None and self._is_ours(found[0]):
                version = found[1]  # our own put, whose answer was lost
            if version is None:
                self._lost.set()
                return
            self._version = version

    def _look(self) -> tuple[Holder | None, Version] | None:
        """Who holds it, and its version; None where nobody does."""
        found = self._lock.read()
        return None if found is None else (Holder.parse(found[0]), found[1])

    def _is_ours(self, holder: Holder | None) -> bool:
        """Whether that is us."""
        return holder is not None and holder.token == self._holder.token
