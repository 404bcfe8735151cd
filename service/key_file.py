"""The file of API keys: one JSON object a line, with the hash of a key and what it may."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import ForbiddenError

_PREFIX = "cutaway_"
"""So that those who search texts for leaked keys find ours."""


class Scope(StrEnum):
    """What a key may."""

    PREDICT = "predict"
    INSPECT = "inspect"
    ADMIN = "admin"


class Key(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    hash: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]

    def require(self, scope: Scope) -> None:
        """Raise ForbiddenError if it may not."""
        if scope not in self.scopes:
            has = ", ".join(sorted(self.scopes))
            raise ForbiddenError(
                f"expected a key that may {scope}, received {self.name!r}, which may {has}",
                scope=scope.value,
            )


class KeysError(Exception):
    """The keys cannot be used; the message is one sentence."""


def hash_of(token: str) -> str:
    """As it is kept. A plain hash will do: nobody guesses 256 random bits."""
    return f"sha256:{hashlib.sha256(token.encode('utf-8', 'replace')).hexdigest()}"


def read_keys(path: Path) -> list[Key]:
    """The keys of a file; empty lines and lines that begin with # are skipped.

    Raises:
        KeysError: it cannot be read, or a line is no key.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeysError(f"{path} cannot be read: {error}") from error
    keys: list[Key] = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                keys.append(Key.model_validate_json(line))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "the line"
                raise KeysError(f"{path}, line {number}: {where}: {first['msg']}") from error
    return keys


def new_key(name: str, scopes: Iterable[Scope]) -> tuple[str, str]:
    """A new key, and the line of the file that lets it in.

    Raises:
        KeysError: the name is none.
    """
    token = _PREFIX + secrets.token_urlsafe(32)
    try:
        key = Key(name=name, hash=hash_of(token), scopes=frozenset(scopes))
    except ValidationError as error:
        raise KeysError(
            f"expected a name of 1 to 64 letters, digits, '.', '_' or '-', received {name!r}"
        ) from error
    line = {"name": key.name, "hash": key.hash, "scopes": sorted(key.scopes)}
    return token, json.dumps(line)
