"""Paths and URLs: where an input, a picture of it or an output lies, and how it is opened."""

import os
import re
from dataclasses import dataclass
from functools import cache
from typing import cast
from urllib.parse import unquote

import fsspec
import obstore.fsspec
from fsspec import AbstractFileSystem
from obstore.store import ObjectStore, from_url

from scoring.errors import InputError

SCHEMES = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az")
"""Object stores: Amazon's and whatever speaks its protocol, Google's, Azure's."""

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

    @property
    def parent(self) -> "Location":
        """The folder that it is in; a bucket and the root are their own."""
        if self.is_local:
            return Location(os.path.dirname(self.url))  # noqa: PTH120 a pure function of text
        scheme, rest = self.url.split("://", 1)
        return Location(f"{scheme}://{rest.rpartition('/')[0] or rest}")

    def join(self, path: str) -> "Location":
        """What `path` is, seen from here.

        Args:
            path: relative to this folder; or absolute, or a URL, which stay what they are.

        Raises:
            InputError: a URL that is not of an object store.
        """
        if path.startswith("/") or _SCHEME.match(path):
            return parse_location(path)
        return Location(f"{self.url.rstrip('/')}/{path}" if path else self.url)

    def open_filesystem(self) -> tuple[AbstractFileSystem, str]:
        """The file system it is in, and its path there: `bucket/key` of object stores.

        File systems are shared by all threads of a process.
        """
        if self.is_local:
            return _filesystem("file"), self.url
        scheme, path = self.url.split("://", 1)
        return _filesystem(scheme), path

    def open_store(self) -> tuple[ObjectStore, str]:
        """The bucket that it is in, and its key there; not for local ones.

        Beside `open_filesystem`: listing by pages and conditional puts are in this one alone.
        """
        scheme, path = self.url.split("://", 1)
        bucket, _, key = path.partition("/")
        return _store(f"{scheme}://{bucket}"), key


def parse_location(text: str) -> Location:
    """What the user wrote, made absolute.

    Raises:
        InputError: nothing was written, or a URL that is not of an object store.
    """
    if not text:
        raise InputError("expected a path or a URL, received an empty text")
    scheme = _SCHEME.match(text)
    if scheme is None:
        return Location(os.path.abspath(text))  # noqa: PTH100 as `make_absolute`: no links followed
    name = scheme[1].lower()
    if name == "file":
        return Location(os.path.abspath(unquote(text[scheme.end() :])))  # noqa: PTH100
    if name not in SCHEMES:
        raise InputError(
            f"{text!r} is not in an object store, and nothing else is fetched: expected a path, "
            f"s3://, gs:// or abfs://; download it first"
        )
    bucket = text[scheme.end() :].strip("/")
    if not bucket:
        raise InputError(f"{text!r} names no bucket; expected {name}://bucket/path")
    return Location(f"{name}://{bucket}")


@cache
def _filesystem(scheme: str) -> AbstractFileSystem:
    """One file system a scheme; for object stores with the environment's keys and endpoint."""
    if scheme == "file":
        return fsspec.filesystem("file")
    obstore.fsspec.register(scheme)
    # Listings are kept nowhere: what is there may change while a job runs.
    return fsspec.filesystem(scheme, use_listings_cache=False)


@cache
def _store(url: str) -> ObjectStore:
    """One connection pool a bucket."""
    return cast(ObjectStore, from_url(url))
