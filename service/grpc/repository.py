"""The model repository over gRPC: its index, loading and unloading."""

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from service.catalogue import Catalogue
from service.grpc import open_inference_pb2 as pb
from service.grpc.calls import Method
from service.keys import Scope
from service.routes.repository import check_parameters


class RepositoryMethods:
    """Answers what can be asked of the repository."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def methods(self) -> dict[str, Method]:
        """By their names."""
        return {
            "RepositoryIndex": Method(pb.RepositoryIndexRequest, self._index, scope=Scope.ADMIN),
            "RepositoryModelLoad": Method(
                pb.RepositoryModelLoadRequest, self._load, scope=Scope.ADMIN
            ),
            "RepositoryModelUnload": Method(
                pb.RepositoryModelUnloadRequest, self._unload, scope=Scope.ADMIN
            ),
        }

    async def _index(self, request: pb.RepositoryIndexRequest, _: float | None) -> Message:
        document = {"models": self._catalogue.index(ready=request.ready)}
        return ParseDict(document, pb.RepositoryIndexResponse())

    async def _load(self, request: pb.RepositoryModelLoadRequest, _: float | None) -> Message:
        check_parameters(dict.fromkeys(request.parameters))
        await self._catalogue.load(request.model_name)
        return pb.RepositoryModelLoadResponse()

    async def _unload(self, request: pb.RepositoryModelUnloadRequest, _: float | None) -> Message:
        check_parameters(dict.fromkeys(request.parameters))
        await self._catalogue.unload(request.model_name)
        return pb.RepositoryModelUnloadResponse()
