"""Everything of gRPC put together: one part of the service's life."""

from contextlib import AbstractAsyncContextManager

from service.catalogue import Catalogue
from service.exposure import listening_host
from service.grpc.calls import Calls
from service.grpc.methods import InferenceMethods, write_stream
from service.grpc.repository import RepositoryMethods
from service.grpc.server import grpc_server
from service.life import Life
from service.protocol.inference import Inference
from service.settings import Settings

LOOPBACK = "127.0.0.1"


def grpc_endpoint(
    catalogue: Catalogue, inference: Inference, calls: Calls, life: Life, settings: Settings
) -> AbstractAsyncContextManager[None]:
    """The server on the address where HTTP is; on loopback where that is no address."""

    def ready() -> bool:
        return not life.draining.is_set() and any(True for _ in catalogue)

    methods = InferenceMethods(catalogue, inference, ready, settings).methods()
    stream = calls.stream("ModelStreamInfer", methods["ModelInfer"], write_stream)
    methods |= RepositoryMethods(catalogue).methods()
    handlers = {name: calls.unary(name, method) for name, method in methods.items()}
    handlers["ModelStreamInfer"] = stream
    return grpc_server(handlers, listening_host() or LOOPBACK, ready, settings)
