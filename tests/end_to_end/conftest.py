"""Real servers: `bentoml serve .` as a user starts it, on a free port, ended by SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from bundle.repository import Repository

ROOT = Path(__file__).parents[2]
START_SECONDS = 120
Serve = Callable[[Path], AbstractContextManager[str]]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(
    url: str, *, alive: Callable[[], bool] = lambda: True, words: Callable[[], str]
) -> None:
    """Return once /readyz answers 200; fail with the server's own words otherwise."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and alive():
        with suppress(httpx.TransportError):  # nobody listens yet
            if httpx.get(f"{url}/readyz", timeout=2).is_success:
                return
        time.sleep(0.2)
    pytest.fail(f"{url} did not get ready:\n{words()[-4000:]}")


@pytest.fixture(scope="session")
def until_ready() -> Callable[..., None]:
    """Waits for a server that a test has started in its own way."""
    return wait_until_ready


@pytest.fixture(scope="session")
def unused_port() -> Callable[[], int]:
    """Finds a free port."""
    return free_port


@contextmanager
def started(
    command: list[str], url: str, log: Path, *, cwd: Path = ROOT, env: dict[str, str]
) -> Generator[subprocess.Popen[bytes]]:
    """A server in a process group of its own, from ready to SIGTERM."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=cwd,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(
            url, alive=lambda: server.poll() is None, words=lambda: log.read_text(errors="replace")
        )
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@pytest.fixture(scope="session")
def start_server() -> Callable[..., AbstractContextManager[subprocess.Popen[bytes]]]:
    """Starts a server in a test's own way: `with start_server(command, url, log, env=…)`."""
    return started


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Serves a folder of models: `with serve(models) as url`."""

    @contextmanager
    def start(models: Path) -> Iterator[str]:
        folder = tmp_path_factory.mktemp("served")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "bentoml", "serve", "."]
        environment = {
            "CUTAWAY_MODELS": str(models.resolve()),
            "BENTOML_HOME": str(folder / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "True",
            "ORT_DISABLE_TELEMETRY": "1",
        }
        with started(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            url,
            folder / "log",
            env=environment,
        ):
            yield url

    return start


@pytest.fixture(scope="session")
def default_models() -> Path:
    """The folder of the default models, imagenet and fashion; built here where they are missing."""
    models = ROOT / os.environ.get("CUTAWAY_MODELS", "models")
    if not {"imagenet", "fashion"} <= set(Repository(models).names()):
        command = [sys.executable, "-m", "export", "defaults", "--models", str(models)]
        subprocess.run(command, cwd=ROOT, check=True)
    return models


@pytest.fixture(scope="session")
def served(serve: Serve, default_models: Path) -> Generator[str]:
    """The address of a real server of the default models."""
    with serve(default_models) as url:
        yield url
