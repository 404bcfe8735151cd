"""The gRPC server: its port, its services, its life."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from service.grpc.calls import SERVICE, Handler
from service.ports import check_port
from service.settings import Settings

CALLS = 1024
"""At a time; one more is answered RESOURCE_EXHAUSTED."""
_LOOK_SECONDS = 0.25
"""How often readiness is looked at for those who watch the health service."""
_STOP_SECONDS = 1.0
"""For streams that nobody sends anything on: what works was waited for before."""


@asynccontextmanager
async def grpc_server(
    handlers: dict[str, Handler], host: str, ready: Callable[[], bool], settings: Settings
) -> AsyncGenerator[None]:
    """Serve on `settings.grpc_port`.

    Args:
        handlers: of the inference service, by the method's name.
        host: an address of this machine.
        ready: whether the service is; for gRPC's own health service.
        settings: of the service.

    Raises:
        StartupError: the port cannot be had.
    """
    server = grpc.aio.server(options=_options(settings), maximum_concurrent_rpcs=CALLS)
    service = grpc.method_handlers_generic_handler(SERVICE, handlers)
    server.add_generic_rpc_handlers((service,))
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    check_port(host, settings.grpc_port, "name another CUTAWAY_GRPC_PORT, or 0 for no gRPC")
    server.add_insecure_port(_address(host, settings.grpc_port))
    await server.start()
    watching = asyncio.create_task(_report(servicer, ready))
    try:
        yield
    finally:
        watching.cancel()
        await servicer.enter_graceful_shutdown()
        await server.stop(_STOP_SECONDS)


async def _report(servicer: health.aio.HealthServicer, ready: Callable[[], bool]) -> None:
    """Tell the health service what changes, for the whole server and for the one service."""
    told: bool | None = None
    while True:
        now = ready()
        if now is not told:
            states = health_pb2.HealthCheckResponse
            for name in ("", SERVICE):
                await servicer.set(name, states.SERVING if now else states.NOT_SERVING)
            told = now
        await asyncio.sleep(_LOOK_SECONDS)


def _options(settings: Settings) -> list[tuple[str, int]]:
    """What gRPC's core is told."""
    return [
        ("grpc.max_receive_message_length", settings.max_body_bytes),
        # Inflated by us, under a cap (messages.py).
        ("grpc.per_message_decompression", 0),
        # Without, two services on one port would each get some of the calls, and neither would say.
        ("grpc.so_reuseport", 0),
        # A client that is gone without a word is noticed within a minute.
        ("grpc.keepalive_time_ms", 40_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # A client that takes no answer keeps it in memory as long as its connection lasts. Others
        # notice nothing: they are told to open another one, and what runs is finished.
        ("grpc.max_connection_age_ms", 600_000),
        ("grpc.max_connection_age_grace_ms", settings.max_inspect_timeout_ms + 30_000),
        # Clients may ping as often as every 10 s: tritonclient can be told to.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ]


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
