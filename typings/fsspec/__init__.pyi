"""What we use of fsspec, which ships no types."""

from typing import IO, Any

from fsspec.spec import AbstractFileSystem as AbstractFileSystem

def filesystem(protocol: str, **storage_options: Any) -> AbstractFileSystem: ...
def open(urlpath: str, mode: str = "rb") -> IO[bytes]: ...
