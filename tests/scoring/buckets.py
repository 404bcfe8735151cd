"""A bucket on a real server that speaks S3's protocol: moto's, in a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import obstore
from obstore.store import S3Store

from tests.servers import free_port

START_SECONDS = 120  # 2 on two idle cores
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "no secret at all",
    "AWS_REGION": "us-east-1",
}


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket, looked at from outside of what is tested.

    Args:
        server: where it is: `http://127.0.0.1:…`.
        name: of the bucket.
    """

    server: str
    name: str

    @property
    def url(self) -> str:
        """As the command line takes it."""
        return f"s3://{self.name}"

    def environment(self, server: str | None = None) -> dict[str, str]:
        """What leads a process here, or through another address, as a proxy's."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": server or self.server,
            "AWS_ALLOW_HTTP": "true",
        }

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""
        obstore.put(self._store, key, data)

    def put_folder(self, folder: Path, prefix: str) -> None:
        """Write every file of a folder under a prefix."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.put(f"{prefix}/{file.relative_to(folder).as_posix()}", file.read_bytes())

    def get(self, key: str) -> bytes:
        """Read an object."""
        return obstore.get(self._store, key).bytes().to_bytes()

    def keys(self, prefix: str = "") -> list[str]:
        """What is under a prefix, sorted; the prefix is part of each."""
        batches = obstore.list(self._store, prefix or None)
        return sorted(entry["path"] for batch in batches for entry in batch)

    @property
    def _store(self) -> S3Store:
        """A client of its own, straight to the server."""
        return S3Store(
            self.name,
            endpoint=self.server,
            access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region=CREDENTIALS["AWS_REGION"],
            client_options={"allow_http": True},
        )


@contextmanager
def object_store() -> Iterator[str]:
    """The server's address, while it runs."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # a line a request
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def make_bucket(server: str, name: str) -> Bucket:
    """An empty bucket of that name."""
    httpx.put(f"{server}/{name}", timeout=60).raise_for_status()
    return Bucket(server, name)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once somebody listens there."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "moto's server ended at once"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"moto's server does not listen on port {port}")
