"""Servers under test: started with nothing of this process's settings, ended with all children."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.processes import resume, tree

ROOT = Path(__file__).parents[1]
START_SECONDS = 180
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Server:
    """How a server is started and asked.

    Args:
        name: in tables.
        command: from the port to the command line.
        environment: variables beside this process's own.
        ready: the path that answers 200 once it serves.
        predict: the path that pictures are sent to.
        field: of a form, where it takes no raw bodies.
    """

    name: str
    command: Callable[[int], Sequence[str]]
    environment: Mapping[str, str]
    ready: str
    predict: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is ready.

    Args:
        server: what it is.
        url: of the pictures.
        base: of everything else.
        pid: the root of its processes.
        start_seconds: from its start until it was ready.
    """

    server: Server
    url: str
    base: str
    pid: int
    start_seconds: float


@contextmanager
def running(server: Server) -> Iterator[Running]:
    """Start a server on a free port of this machine alone; end it and all its processes.

    Raises:
        RuntimeError: it ended or did not get ready; the last lines of its log are in the message.
    """
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        log = Path(home) / "log"
        with log.open("w") as output:
            started = time.monotonic()
            process = subprocess.Popen(
                server.command(port), cwd=ROOT, env=_environment(server, home),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            _wait(f"{base}{server.ready}", process, log, server.name)
            seconds = time.monotonic() - started
            yield Running(server, f"{base}{server.predict}", base, process.pid, seconds)
        finally:
            _end(process)


def _environment(server: Server, home: str) -> dict[str, str]:
    """A clean one: two servers that share a BENTOML_HOME erase each other's metrics.

    Python keeps what it has compiled, as it does for users: without, a start takes twice as long.
    """
    foreign = ("CUTAWAY_", "BENTOML_", "PEER_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    quiet = {"BENTOML_DO_NOT_TRACK": "True", "ORT_DISABLE_TELEMETRY": "1", "BENTOML_HOME": home}
    return kept | quiet | dict(server.environment)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, name: str) -> None:
    """Return once the server answers 200."""
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=5) as client:
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(httpx.TransportError):
                if client.get(url).is_success:
                    return
            time.sleep(POLL_SECONDS)
    words = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{name} did not get ready at {url}:\n{words}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the root to end, then end what is left of its tree."""
    resume(process.pid)
    family = tree(process.pid)
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=15)
    _, alive = psutil.wait_procs(family, timeout=2)
    for left in alive:
        with suppress(psutil.NoSuchProcess):
            left.kill()
    process.wait(timeout=15)


def _free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
