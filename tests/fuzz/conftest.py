"""The application on a road of its own, and the contract that its answers keep to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fuzz.contract import Contract
from tests.fuzz.networks import publish_networks
from tests.fuzz.road import Answered, Asked, Road
from tests.servers import Server, free_port, serve

Ask = Callable[[Asked], Answered]

SMALL = {
    "max_body_bytes": 1_000_000,
    "max_image_pixels": 1_000_000,
    "grpc_port": 0,
    "poll_seconds": 0,
}
"""So that no case takes long, and one large picture does not look like growing memory."""


@pytest.fixture(scope="session")
def fuzz_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of the four networks."""
    root = tmp_path_factory.mktemp("fuzz") / "models"
    publish_networks(root)
    return root


@pytest.fixture(scope="session")
def ask(fuzz_models: Path) -> Iterator[Ask]:
    """Asks the application; every answer has kept to the contract."""
    road = Road(fuzz_models, **SMALL)
    contract = Contract(road.document)

    def ask(asked: Asked) -> Answered:
        answered = road.ask(asked)
        contract.check(asked, answered)
        return answered

    yield ask
    road.close()


@dataclass(frozen=True)
class FuzzServer:
    """A real server, and where it speaks gRPC."""

    server: Server
    grpc: str

    def log_text(self) -> str:
        """All that it has said."""
        return self.server.log.read_text("utf-8", "replace")


@pytest.fixture(scope="session")
def fuzz_server(
    tmp_path_factory: pytest.TempPathFactory, fuzz_models: Path
) -> Iterator[FuzzServer]:
    """The same models behind a real server."""
    port = str(free_port())
    home = tmp_path_factory.mktemp("server")
    server = serve(home, CUTAWAY_MODELS=str(fuzz_models), CUTAWAY_GRPC_PORT=port)
    yield FuzzServer(server, f"127.0.0.1:{port}")
    server.close()
