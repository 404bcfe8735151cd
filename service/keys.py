"""API keys: who asks, and whether they may.

`python -m service.keys new NAME --scope predict` makes a key.
"""

import argparse
import hmac
import logging
import sys
from contextvars import ContextVar
from pathlib import Path
from time import monotonic

from service.errors import UnauthenticatedError
from service.key_file import Key, KeysError, Scope, hash_of, new_key, read_keys
from service.versions.stamps import stamp

__all__ = ["Key", "Keys", "KeysError", "Scope", "asking", "forget", "open_keys", "require"]

log = logging.getLogger("cutaway")

_LOOK_SECONDS = 1.0
"""How often the file is looked at, at most: a key that is struck out works that much longer."""

_asking: ContextVar[Key | None] = ContextVar("key", default=None)


def asking() -> Key | None:
    """Who asks in this task; null where no keys are asked for."""
    return _asking.get()


def forget() -> None:
    """Nobody is known to ask in this task.

    What the last request of a connection knew may be handed on: asyncio keeps the context in which
    reading was resumed.
    """
    _asking.set(None)


def require(scope: Scope) -> None:
    """Raise ForbiddenError if who asks in this task has a key, and that may not do this.

    For what only the request's body says, such as the layers that a tensor request wants.
    """
    if key := _asking.get():
        key.require(scope)


class Keys:
    """The keys of a file, which is read again when it changes."""

    def __init__(self, path: Path) -> None:
        """Raise KeysError if the file cannot be used, or has no key."""
        self._path = path
        self._stamp = stamp(path)
        self._keys = read_keys(path)
        self._looked = monotonic()
        if not self._keys:
            raise KeysError(f"{path} has no key; make one: python -m service.keys new NAME")

    def check(self, authorization: str | None, scope: Scope | None) -> Key:
        """Whose key it is; `asking` and `require` know it then, in this task.

        Args:
            authorization: the header's value, `Bearer …`.
            scope: what is to be done; null for what every key may.

        Raises:
            UnauthenticatedError: no key, or none of these.
            ForbiddenError: the key may not do that.
        """
        forget()
        self._refresh()
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise UnauthenticatedError(
                "expected a key in the header `Authorization: Bearer …`, received none"
            )
        key = self._find(token.strip())
        if key is None:
            raise UnauthenticatedError("the key is none of those that are known here")
        if scope is not None:
            key.require(scope)
        _asking.set(key)
        return key

    def _find(self, token: str) -> Key | None:
        """Every key is compared, each in constant time: how long it takes tells nothing."""
        presented = hash_of(token)
        found: Key | None = None
        for key in self._keys:
            if hmac.compare_digest(key.hash, presented):
                found = key
        return found

    def _refresh(self) -> None:
        """Read the file again if it changed; while it cannot be used, the last keys stay."""
        now = monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        try:
            files = stamp(self._path)
            if files != self._stamp:
                self._keys = read_keys(self._path)
                self._stamp = files
                log.info("read %d keys from %s", len(self._keys), self._path)
        except KeysError as error:
            log.error("the keys stay as they were: %s", error)


def open_keys(path: Path | None, auth: str) -> Keys | None:
    """The keys that are asked for; null where none are.

    Raises:
        KeysError: the file cannot be used, or has no key.
    """
    return Keys(path) if path is not None and auth != "off" else None


def _main() -> None:
    """Make API keys."""
    parser = argparse.ArgumentParser(prog="python -m service.keys", description=_main.__doc__)
    commands = parser.add_subparsers(required=True, metavar="new")
    new = commands.add_parser("new", help="a new key, which is shown once and kept nowhere")
    new.add_argument("name", help="whose it is; the log names it")
    new.add_argument(
        "--scope",
        action="append",
        choices=[scope.value for scope in Scope],
        help="what it may: predict if not given; may be repeated",
    )
    given = parser.parse_args()
    try:
        token, line = new_key(given.name, map(Scope, given.scope or [Scope.PREDICT]))
    except KeysError as error:
        sys.exit(f"error: {error}")
    sys.stderr.write("The key, for the client, and the line for the file of CUTAWAY_API_KEYS:\n")
    sys.stdout.write(f"{token}\n{line}\n")


if __name__ == "__main__":
    _main()
