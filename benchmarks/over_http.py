"""The same requests through a real server, from the picture file to the whole answer."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from benchmarks.report import ROOT, Line, ratio_line
from benchmarks.rounds import Work, interleave, ratios
from benchmarks.subjects import Subject
from bundle.repository import Bundle

START_SECONDS = 120
PREDICTION = "a prediction"
Query = Mapping[str, str]


def measure_http(subject: Subject, bundle: Bundle, picture: bytes, rounds: int) -> list[Line]:
    """The first four of the engine's table, as answers of a server.

    Args:
        subject: which layers.
        bundle: in a repository, all of whose models are served.
        picture: an encoded file.
        rounds: how often everything runs.
    """
    requests: dict[str, tuple[str, Query, float | None]] = {
        f"prediction and layer `{subject.middle}`, statistics": (
            "activations",
            {"layer": subject.middle, "predictions": "true"},
            1.15,
        ),
        f"prediction and layer `{subject.middle}`, numbers": (
            "activations",
            {"layer": subject.middle, "predictions": "true", "format": "npz"},
            None,
        ),
        f"early layer `{subject.early}` alone, statistics": (
            "activations",
            {"layer": subject.early},
            0.5,
        ),
        f"Grad-CAM at `{subject.last}`, numbers": (
            "sensitivity",
            {"method": "grad-cam", "layer": subject.last, "format": "npz"},
            1.3,
        ),
        "gradient of the input, numbers": (
            "sensitivity",
            {"method": "gradient", "layer": "input", "format": "npz"},
            2.7,
        ),
    }
    with (
        _serving(bundle.folder.parents[1]) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        base = f"/v1/models/{subject.model}"
        works = {PREDICTION: _work(client, f"{base}/predict", {}, picture)}
        for what, (path, query, _) in requests.items():
            works[what] = _work(client, f"{base}/{path}", query, picture)
        times = interleave(works, rounds=rounds)
    times["cpu"] = {name: [0.0] * rounds for name in works}  # the work is in another process
    found = ratios(times, PREDICTION)
    return [ratio_line(what, found[what], goal) for what, (_, _, goal) in requests.items()]


def _work(client: httpx.Client, path: str, query: Query, picture: bytes) -> Work:
    """One request, answered whole."""
    return lambda: client.post(path, params=query, content=picture).raise_for_status()


@contextmanager
def _serving(models: Path) -> Iterator[str]:
    """`bentoml serve .` over a repository, on a free port of this machine alone."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as home:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CUTAWAY_", "BENTOML_"))}
        settings = {"BENTOML_HOME": home, "CUTAWAY_GRPC_PORT": "0"}
        settings["CUTAWAY_MODELS"] = str(models.resolve())
        command = [sys.executable, "-m", "bentoml", "serve", ".", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=kept | settings, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(url, process)
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the server is ready."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=5).is_success:
                return
        time.sleep(0.2)
    raise RuntimeError(f"the server at {url} did not get ready; try bentoml serve . by hand")
