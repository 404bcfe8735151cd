# ruff: noqa: N802  the names are the protocol's
from collections.abc import Iterator

import grpc
from grpc.aio import Server
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

class HealthServicer: ...

class HealthStub:
    def __init__(self, channel: grpc.Channel) -> None: ...
    def Check(self, request: HealthCheckRequest, *, timeout: float) -> HealthCheckResponse: ...
    def Watch(
        self, request: HealthCheckRequest, *, timeout: float
    ) -> Iterator[HealthCheckResponse]: ...

def add_HealthServicer_to_server(servicer: HealthServicer, server: Server) -> None: ...
