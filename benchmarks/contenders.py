"""Who is measured: us as a user starts us, each peer in the forms that its documentation has."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import cpu_count

from benchmarks.peers.network import PeerSettings
from benchmarks.servers import Server
from bundle.repository import Bundle

CORES = cpu_count() or 1
MODULE = [sys.executable, "-m"]


def ours(
    bundle: Bundle, name: str = "Cutaway", settings: Mapping[str, str] | None = None
) -> Server:
    """`bentoml serve .` over the bundle's repository, every setting at its default but gRPC off."""
    models = str(bundle.folder.parents[1].resolve())
    fixed = {"CUTAWAY_MODELS": models, "CUTAWAY_GRPC_PORT": "0"}  # two at a time have one port
    return Server(
        name=name,
        command=lambda port: [*MODULE, "bentoml", "serve", ".", "--port", str(port)],
        environment=fixed | dict(settings or {}),
        ready="/readyz",
        predict=f"/v1/models/{bundle.manifest.name}/predict",
    )


def peers(bundle: Bundle) -> dict[str, list[Server]]:
    """Each peer's forms; the first is the one to take where nothing is swept.

    Cores are divided among the runs at a time: one thread each where there are several.
    """
    plain = PeerSettings(bundle.folder.resolve())
    single = replace(plain, threads=CORES)
    workers = replace(plain, workers=CORES)
    return {
        "LitServe": [
            _litserve(workers, ["--fast-queue"]),
            _litserve(workers, []),
            _litserve(workers, ["--api-servers", str(CORES)]),
            _litserve(replace(workers, max_batch=4), []),
            _litserve(single, []),
        ],
        "FastAPI": [
            _fastapi(replace(plain, callers=CORES), "/executor"),
            _fastapi(workers, "/executor"),
            _fastapi(plain, "/predict"),
            _fastapi(workers, "/predict"),
        ],
        "BentoML batchable": [
            _bentoml(replace(workers, max_batch=4)),
            _bentoml(replace(single, max_batch=4)),
            _bentoml(replace(workers, max_batch=16)),
        ],
    }


def on_our_provider(server: Server) -> Server:
    """A peer's form with the OpenVINO plugin instead of the stock provider."""
    environment = {**server.environment, "PEER_PROVIDER": "openvino"}
    return replace(server, name=f"{server.name}, our provider", environment=environment)


def _litserve(settings: PeerSettings, options: Sequence[str]) -> Server:
    """LitServe's forms: workers, batching, ZeroMQ between processes, HTTP processes."""
    words = " ".join(options).replace("--", "").replace("-", " ")
    return Server(
        name=f"LitServe ({_words(settings)}{', ' + words if words else ''})",
        command=lambda port: [
            *MODULE, "benchmarks.peers.litserve_server", "--port", str(port), *options
        ],
        environment=settings.environment(),
        ready="/health",
        predict="/predict",
    )  # fmt: skip


def _fastapi(settings: PeerSettings, path: str) -> Server:
    """Under uvicorn, with uvloop and httptools."""
    kind = "def handler" if path == "/predict" else f"executor of {settings.callers}"
    return Server(
        name=f"FastAPI ({_words(settings)}, {kind})",
        command=lambda port: [
            *MODULE, "uvicorn", "benchmarks.peers.fastapi_server:app", "--port", str(port),
            "--workers", str(settings.workers), "--no-access-log", "--log-level", "warning",
        ],
        environment=settings.environment(),
        ready="/health",
        predict=path,
    )  # fmt: skip


def _bentoml(settings: PeerSettings) -> Server:
    """A batchable API, its access log, metrics and tracing off as its documentation tells."""
    return Server(
        name=f"BentoML batchable ({_words(settings)})",
        command=lambda port: [
            *MODULE, "bentoml", "serve", "benchmarks.peers.bentoml_service:Classify",
            "--port", str(port),
        ],
        environment=settings.environment(),
        ready="/readyz",
        predict="/predict",
        field="images",
    )  # fmt: skip


def _words(settings: PeerSettings) -> str:
    """The form in a few words."""
    batch = f", batch ≤ {settings.max_batch}" if settings.max_batch > 1 else ""
    plural = "s" if settings.workers > 1 else ""
    return f"{settings.workers} worker{plural} × {settings.threads} thread(s){batch}"
