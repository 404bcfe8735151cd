"""A server for the clients' tests; run by the service's own Python, not by theirs.

`python -m tests.contract.serving` publishes the models, starts the service, writes one line of JSON
that says where it is, and ends it once its standard input is closed.
"""

import json
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from service.grpc import open_inference_pb2
from tests.conftest import publish_colours
from tests.servers import free_port, serve
from tests.slow_network import publish_slow


def publish_all(root: Path) -> None:
    """`colours` in two versions, `changing` for whoever loads and unloads, and `slow`."""
    publish_colours(root, "colours")
    publish_slow(root, publish_colours(root, "colours"))
    publish_colours(root, "changing")


def main() -> None:
    """Serve until nobody listens any more."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        publish_all(home / "models")
        port = free_port()
        server = serve(home, CUTAWAY_MODELS=str(home / "models"), CUTAWAY_GRPC_PORT=str(port))
        try:
            about = {
                "http": server.url.removeprefix("http://"),
                "grpc": f"127.0.0.1:{port}",
                "descriptor": b64encode(open_inference_pb2.DESCRIPTOR.serialized_pb).decode(),
            }
            print(json.dumps(about), flush=True)
            sys.stdin.read()
        finally:
            server.close()
            sys.stderr.write(server.log.read_text())


if __name__ == "__main__":
    main()
