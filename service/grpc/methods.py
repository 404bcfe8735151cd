"""`inference.GRPCInferenceService`: health, metadata, statistics, inference."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from starlette.types import Message as Event

from service.catalogue import Catalogue
from service.errors import NotReadyError
from service.grpc import open_inference_pb2 as pb
from service.grpc.calls import Method
from service.grpc.inference_messages import read_infer_request, write_infer_response
from service.grpc.statuses import Refusal
from service.keys import Scope
from service.protocol.inference import Inference
from service.protocol.messages import InferRequest
from service.protocol.model_metadata import model_config, model_metadata, server_metadata
from service.settings import Settings
from service.statistics import statistics

_US_PER_SECOND = 1_000_000


class InferenceMethods:
    """Answers what can be asked of the served models."""

    def __init__(
        self,
        catalogue: Catalogue,
        inference: Inference,
        ready: Callable[[], bool],
        settings: Settings,
    ) -> None:
        self._catalogue = catalogue
        self._inference = inference
        self._ready = ready
        self._timeout_seconds = settings.timeout_ms / 1000

    def methods(self) -> dict[str, Method]:
        """By their names."""
        infer = Method(pb.ModelInferRequest, self._infer, read_infer_request, Scope.PREDICT)
        return {
            "ServerLive": Method(pb.ServerLiveRequest, self._server_live, open=True),
            "ServerReady": Method(pb.ServerReadyRequest, self._server_ready, open=True),
            "ServerMetadata": Method(pb.ServerMetadataRequest, self._server_metadata, open=True),
            "ModelReady": Method(pb.ModelReadyRequest, self._model_ready, open=True),
            "ModelMetadata": Method(pb.ModelMetadataRequest, self._model_metadata),
            "ModelConfig": Method(pb.ModelConfigRequest, self._model_config),
            "ModelStatistics": Method(pb.ModelStatisticsRequest, self._model_statistics),
            "ModelInfer": infer,
        }

    async def _server_live(self, _: Message, __: float | None) -> Message:
        return pb.ServerLiveResponse(live=True)

    async def _server_ready(self, _: Message, __: float | None) -> Message:
        return pb.ServerReadyResponse(ready=self._ready())

    async def _model_ready(self, request: pb.ModelReadyRequest, _: float | None) -> Message:
        try:
            self._catalogue.find(request.name, request.version or None)
        except NotReadyError:
            return pb.ModelReadyResponse(ready=False)
        return pb.ModelReadyResponse(ready=True)

    async def _server_metadata(self, _: Message, __: float | None) -> Message:
        return ParseDict(server_metadata(), pb.ServerMetadataResponse(), ignore_unknown_fields=True)

    async def _model_metadata(self, request: pb.ModelMetadataRequest, _: float | None) -> Message:
        served = self._catalogue.find(request.name, request.version or None)
        answer = pb.ModelMetadataResponse()
        return ParseDict(model_metadata(served), answer, ignore_unknown_fields=True)

    async def _model_config(self, request: pb.ModelConfigRequest, _: float | None) -> Message:
        served = self._catalogue.find(request.name, request.version or None)
        config = ParseDict(model_config(served), pb.ModelConfig(), ignore_unknown_fields=True)
        return pb.ModelConfigResponse(config=config)

    async def _model_statistics(
        self, request: pb.ModelStatisticsRequest, _: float | None
    ) -> Message:
        """Of one version; of every one of a model, or of all, where it names none."""
        found = list(self._catalogue)
        if request.version:
            found = [self._catalogue.find(request.name, request.version)]
        elif request.name:
            name = self._catalogue.find(request.name).manifest.name
            found = [served for served in found if served.manifest.name == name]
        document = {"model_stats": [statistics(served) for served in found]}
        return ParseDict(document, pb.ModelStatisticsResponse(), ignore_unknown_fields=True)

    async def _infer(self, request: InferRequest, seconds: float | None) -> Message:
        """gRPC cancels the task of whoever leaves, so `receive` has nothing to say."""
        timed = _within(request, seconds, self._timeout_seconds)
        return write_infer_response(await self._inference.infer(timed, _never))


def _within(request: InferRequest, seconds: float | None, default_seconds: float) -> InferRequest:
    """The request in the time that its client waits, where that is less than it would have."""
    asked = request.parameters.get("timeout")
    if seconds is None or (asked is not None and type(asked) is not int):
        return request  # what is no number is refused where it is read
    given_us = asked or default_seconds * _US_PER_SECOND
    if seconds * _US_PER_SECOND >= given_us:
        return request
    timeout = max(1, int(seconds * _US_PER_SECOND))
    return replace(request, parameters={**request.parameters, "timeout": timeout})


async def _never() -> Event:
    """ASGI's `receive` of a client that stays."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError


def write_stream(answer: Message | Refusal) -> Message:
    """One message of a stream: a request that failed does not end it."""
    if isinstance(answer, Refusal):
        return pb.ModelStreamInferResponse(error_message=answer.message)
    assert isinstance(answer, pb.ModelInferResponse)  # noqa: S101  nothing else is answered there
    return pb.ModelStreamInferResponse(infer_response=answer)
