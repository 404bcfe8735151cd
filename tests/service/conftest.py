"""A real server of this repository, and clients of it."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from bundle.repository import PREDICT, Bundle
from tests.servers import ROOT, START_SECONDS, Server, environment, serve
from tests.service.networks import NETWORKS, publish_network
from tests.slow_network import publish_slow

Starter = Callable[..., Server]
Check = Callable[[httpx.Response, int, str], dict[str, Any]]


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts servers with settings; whatever still runs at the end is ended."""
    running: list[Server] = []

    def start(**settings: str) -> Server:
        running.append(serve(tmp_path_factory.mktemp("server"), port=None, **settings))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture(scope="session")
def models(
    tmp_path_factory: pytest.TempPathFactory, publish_model: Callable[[Path, str], Bundle]
) -> Path:
    """A repository: `colours` in two versions, `slow`, and `broken`, whose weights were altered."""
    root = tmp_path_factory.mktemp("repository") / "models"
    publish_model(root, "colours")
    publish_slow(root, publish_model(root, "colours"))
    broken = publish_model(root, "broken")
    damaged = broken.path(PREDICT)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x00")
    return root


@pytest.fixture(scope="session")
def server(start_server: Starter, models: Path) -> Server:
    """The server that most tests share."""
    return start_server(CUTAWAY_MODELS=str(models), CUTAWAY_QUEUE_IMAGES="64")


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of the shared server; after every test that server still answers."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client
        answer = client.post("/v1/models/colours/predict", content=encode(picture(0)))
        assert answer.status_code == 200, "the server no longer answers"


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of toy networks whose inside can be asked about in every way."""
    root = tmp_path_factory.mktemp("networks") / "models"
    for name in NETWORKS:
        publish_network(root, name)
    return root


@pytest.fixture(scope="session")
def inside_server(start_server: Starter, networks: Path) -> Server:
    """Serves them; few passes are allowed, so that the cap is soon met."""
    return start_server(CUTAWAY_MODELS=str(networks), CUTAWAY_MAX_INSPECT_PASSES="2000")


@pytest.fixture
def inside(inside_server: Server) -> Iterator[httpx.Client]:
    """A client of that server; after every test it still answers."""
    with httpx.Client(base_url=inside_server.url, timeout=60) as client:
        yield client
        answer = client.post("/v1/models/pooled/predict", content=encode(picture(0)))
        assert answer.status_code == 200, "the server no longer answers"


def picture(index: int, height: int = 70, width: int = 110) -> Image.Image:
    """A red, green or blue picture (index 0, 1, 2) with seeded noise, wider than high."""
    pixels = np.random.default_rng(index).integers(0, 50, (height, width, 3), dtype=np.uint8)
    pixels[..., index] += 190
    return Image.fromarray(pixels)


def encode(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:  # noqa: A002  Pillow's own word for it
    """The picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def pictures() -> tuple[bytes, bytes, bytes]:
    """A red, a green and a blue picture as PNG files."""
    return encode(picture(0)), encode(picture(1)), encode(picture(2))


@pytest.fixture(scope="session")
def encoder() -> Callable[..., bytes]:
    """(index of the colour, format, mode, options of the format) → a picture file."""

    def make(index: int = 0, file_format: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
        return encode(picture(index).convert(mode), file_format, **options)

    return make


@pytest.fixture(scope="session")
def refused() -> Check:
    """Asserts the one error shape; gives the error."""

    def check(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"]
        body = json.loads(answer.content)
        assert list(body) == ["error"]
        assert sorted(body["error"]) == ["code", "details", "message"]
        assert body["error"]["code"] == code
        assert "Traceback" not in answer.text
        assert str(ROOT) not in answer.text
        return body["error"]

    return check


def runner(home: Path, *command: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a Python module of this repository to its end, with settings."""

    def run(**settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment(home, settings),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    return run


@pytest.fixture
def run_service(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`bentoml serve .` with settings that should make it end by itself."""
    return runner(tmp_path / "home", "bentoml", "serve", ".", "--port", "0")


@pytest.fixture
def preflight(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """What `bentoml serve .` runs before anything else."""
    return runner(tmp_path / "home", "service.preflight")
