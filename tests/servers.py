"""Real servers for the tests: `bentoml serve .` as a user starts it, on a free port of loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[1]
START_SECONDS = 120  # 8 on two idle cores


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: BentoML's supervisor, and its worker in a session of its own."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def stop(self) -> int:
        """SIGTERM, as an operator sends it; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        """End it and its workers, whatever they do."""
        for pid in (*self.workers(), self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def workers(self) -> list[int]:
        """The supervisor's children."""
        pid = self.process.pid
        return [int(w) for w in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def close(self) -> None:
        """Stop it, or kill it where it does not stop; nothing if it has ended."""
        if self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()


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
            if httpx.get(f"{url}/readyz", timeout=5).is_success:
                return
        time.sleep(0.2)
    pytest.fail(f"{url} did not get ready:\n{words()[-4000:]}")


def start(command: list[str], url: str, log: Path, *, cwd: Path, env: dict[str, str]) -> Server:
    """Start a server by any command, and wait until it is ready."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that a test can press Ctrl-C on it alone
        )
    server = Server(process, url, log)
    try:
        wait_until_ready(
            url,
            alive=lambda: process.poll() is None,
            words=lambda: log.read_text(errors="replace"),
        )
    except BaseException:
        server.close()
        raise
    return server


def serve(home: Path, *, port: int | None = None, **settings: str) -> Server:
    """`bentoml serve .` in this repository with these settings; `home` takes its log."""
    port = port or free_port()
    command = [sys.executable, "-m", "bentoml", "serve", ".", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    return start(command, url, home / "log", cwd=ROOT, env=environment(home, settings))


def environment(home: Path, settings: dict[str, str]) -> dict[str, str]:
    """The test's environment without settings, with a BentoML home of its own.

    BentoML's debug switch prints what it would report, and to nobody, instead of reporting it.
    gRPC is off unless a test asks for a port: the default one is there for one server alone.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CUTAWAY_", "BENTOML_"))}
    ours = {"BENTOML_HOME": str(home), "__BENTOML_DEBUG_USAGE": "true", "CUTAWAY_GRPC_PORT": "0"}
    return {**kept, **ours, **settings}
