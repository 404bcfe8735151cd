"""Paths and URLs: where an input, a picture of it or an output lies, and how it is opened."""

import os
import posixpath
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

import fsspec
import obstore.fsspec
from fsspec import AbstractFileSystem
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from scoring.errors import InputError

SCHEMES = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az")
"""Object stores: Amazon's and whatever speaks its protocol, Google's, Azure's."""

_METADATA_SERVICE = "169.254.169.254"
"""Asked for keys by the clients of all three where the environment has none; only machines in a
cloud have it."""

_ANSWER = re.compile(r"<Code>([^<]+)</Code>\s*<Message>([^<]+)</Message>")
"""An error in the body of an answer; all three stores write it so."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


@dataclass(frozen=True, slots=True)
class Location:
    """A file, a folder, or a prefix of an object store. `parse_location` makes one.

    Args:
        url: `s3://bucket/key` and the like, without a slash at its end; local ones are absolute
            paths.
    """

    url: str

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, as far as paths go."""
        return self.url.startswith("/")

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.url.rpartition("/")[2]

    def join(self, path: str) -> "Location":
        """What `path` is, seen from here.

        Args:
            path: relative to this folder; or absolute, or a URL, which stay what they are.

        Raises:
            InputError: a URL that is not of an object store.
        """
        if path.startswith("/"):
            return Location(_absolute(path))
        if not is_relative(path):
            return parse_location(path)
        if not self.is_local and not {".", ".."}.isdisjoint(path.split("/")):
            return self._joined_by_dots(path)
        return Location(f"{self.url.rstrip('/')}/{path}" if path else self.url)

    def open_filesystem(self) -> tuple[AbstractFileSystem, str]:
        """The file system it is in, and its path there: `bucket/key` of object stores.

        File systems are shared by all threads of a process.

        Raises:
            InputError: the environment does not say how to reach the object store.
        """
        if self.is_local:
            return _filesystem("file"), self.url
        self.open_store()  # what is wrong with the settings is said there, in a sentence
        scheme, path = self.url.split("://", 1)
        return _filesystem(scheme), path

    def open_store(self) -> tuple[ObjectStore, str]:
        """The bucket that it is in, and its key there; not for local ones.

        Beside `open_filesystem`: listing by pages and conditional puts are in this one alone.

        Raises:
            InputError: the environment does not say how to reach the object store.
        """
        scheme, path = self.url.split("://", 1)
        bucket, _, key = path.partition("/")
        return _store(f"{scheme}://{bucket}"), key

    def _joined_by_dots(self, path: str) -> "Location":
        """`../a.jpg`, of object stores, whose keys know no dots; never out of the bucket."""
        scheme, rest = self.url.split("://", 1)
        bucket, _, key = rest.partition("/")
        key = posixpath.normpath(f"/{key}/{path}").lstrip("/")
        return Location(f"{scheme}://{bucket}/{key}")


def is_relative(path: str) -> bool:
    """Whether it is neither absolute nor a URL."""
    return not path.startswith("/") and _SCHEME.match(path) is None


def parse_location(text: str) -> Location:
    """What the user wrote, made absolute; links are not followed.

    Raises:
        InputError: nothing was written, what is no text, or a URL that is not of an object store.
    """
    if not text:
        raise InputError("expected a path or a URL, received an empty text")
    if not is_text(text):
        # It is written down in the job's settings; names of files in it may be any bytes.
        raise InputError(f"the path {readable(text)} is not UTF-8; rename it, or give a link to it")
    scheme = _SCHEME.match(text)
    if scheme is None:
        return Location(_absolute(text))
    name, rest = scheme[1].lower(), text[scheme.end() :]
    if name == "file":
        return Location(_absolute(unquote(rest, errors="surrogateescape")))
    if name not in SCHEMES:
        raise InputError(
            f"{text!r} is not in an object store, and nothing else is fetched: expected a path, "
            "s3://, gs:// or abfs://; download it first"
        )
    if not rest.strip("/"):
        raise InputError(f"{text!r} names no bucket; expected {name}://bucket/path")
    return Location(f"{name}://{rest.strip('/')}")


def is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def readable(name: str) -> str:
    """The name as text for people: bytes that are not UTF-8 are shown as `\\xff`."""
    if is_text(name):
        return name
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _absolute(path: str) -> str:
    """The path from the root on; `//` at its beginning is `/`."""
    return "/" + os.path.abspath(path).lstrip("/")  # noqa: PTH100 Path cannot resolve dots alone


@cache
def _filesystem(scheme: str) -> AbstractFileSystem:
    """One file system a scheme; for object stores with the environment's keys and endpoint."""
    if scheme == "file":
        return fsspec.filesystem("file")
    obstore.fsspec.register(scheme)
    return fsspec.filesystem(scheme)


@cache
def _store(url: str) -> ObjectStore:
    """One connection pool a bucket."""
    try:
        return from_url(url)
    except (BaseError, ValueError) as error:
        raise InputError(f"cannot open {url}: {first_words(error)}") from error


def first_words(error: Exception) -> str:
    """What an object store's error says, in one short line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if _METADATA_SERVICE in str(error):
        return (
            "the environment has no keys for it: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "GOOGLE_APPLICATION_CREDENTIALS or AZURE_STORAGE_ACCOUNT_KEY"
        )
    said = _ANSWER.search(str(error))
    words = f"{said[1]}, {said[2]}" if said else str(error).strip().partition("\n")[0]
    return " ".join(words.split())[:300] or type(error).__name__
