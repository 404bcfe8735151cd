import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.pictures import Body
from tests.benchmarks.echo import Echo


@pytest.fixture
def body(tmp_path: Path) -> Body:
    """A few bytes that are no picture."""
    file = tmp_path / "body"
    file.write_bytes(bytes(range(256)))
    return Body(file, "image/jpeg")


@pytest.fixture
def echo() -> Iterator[Echo]:
    """Answers every POST with 200 and remembers what it brought."""
    found = Echo("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            found.seen.add((self.headers["Content-Type"], content))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's own
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/"
        yield found
        server.shutdown()
        thread.join()
