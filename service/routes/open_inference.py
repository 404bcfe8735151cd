"""`/v2/…`: the Open Inference Protocol."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from service.catalogue import Catalogue
from service.errors import NotReadyError
from service.protocol import model_metadata, schemas
from service.protocol.http_body import (
    LENGTH_HEADER,
    read_length,
    read_raw_request,
    read_request,
    write_response,
)
from service.protocol.inference import Inference
from service.protocol.messages import InferRequest
from service.responses import json_response
from service.routes.documented import protocol_errors
from service.uploads import read_body

MODEL = "/v2/models/{model}"
_LARGE_BYTES = 64_000
"""Of JSON that is read in a thread: the event loop would stand still for 2 ms and more."""
_VERSION: dict[str, Any] = {
    "name": "version",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "a number or an alias",
}
_LENGTH: dict[str, Any] = {
    "name": LENGTH_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "integer", "minimum": 0},
    "description": "bytes of JSON that the body begins with, where binary tensors follow; 0: the "
    "body is one tensor, ready pixels of one picture or an encoded picture",
}
_BINARY: dict[str, Any] = {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
}
_INFER: dict[str, Any] = {
    "parameters": [_LENGTH],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": schemas.INFERENCE_REQUEST}, **_BINARY},
    },
}


def open_inference_router(catalogue: Catalogue, inference: Inference) -> APIRouter:
    """Health, metadata and inference."""
    router = APIRouter(tags=["Open Inference Protocol"])
    _add_server(router, catalogue)
    _add_models(router, catalogue)
    _add_inference(router, catalogue, inference)
    return router


def _add_server(router: APIRouter, catalogue: Catalogue) -> None:
    """What is asked of the server as a whole."""

    @router.get("/v2/health/live", response_model=schemas.ServerLive, responses=protocol_errors())
    async def server_live() -> Response:
        """Answers as long as the process does."""
        return json_response({"live": True})

    @router.get(
        "/v2/health/ready", response_model=schemas.ServerReady, responses=protocol_errors(503)
    )
    async def server_ready() -> Response:
        """200 while models are loaded."""
        if not any(True for _ in catalogue):
            raise NotReadyError("the models are not loaded; try again later")
        return json_response({"ready": True, "live": True})

    @router.get("/v2/", include_in_schema=False)
    @router.get("/v2", response_model=schemas.ServerMetadata, responses=protocol_errors())
    async def server_metadata() -> Response:
        """The server and what it can do beyond the protocol."""
        return json_response(model_metadata.server_metadata())

    @router.get("/v2/models", response_model=schemas.ServedModels, responses=protocol_errors())
    async def served_models() -> Response:
        """The names of the served models."""
        return json_response(
            {"models": list(dict.fromkeys(served.manifest.name for served in catalogue))}
        )


def _add_models(router: APIRouter, catalogue: Catalogue) -> None:
    """What is asked of a model."""

    async def model_ready(request: Request, model: str) -> Response:
        """200 while this model is served."""
        served = catalogue.find(model, request.path_params.get("version"))
        return json_response({"name": served.manifest.name, "ready": True})

    async def metadata(request: Request, model: str) -> Response:
        """The model's inputs and outputs."""
        served = catalogue.find(model, request.path_params.get("version"))
        return json_response(model_metadata.model_metadata(served))

    async def config(request: Request, model: str) -> Response:
        """The model in the words of Triton's ModelConfig."""
        served = catalogue.find(model, request.path_params.get("version"))
        return json_response(model_metadata.model_config(served))

    _add_model_route(router, "/ready", model_ready, "GET", schemas.ModelReady)
    _add_model_route(router, "", metadata, "GET", schemas.ModelMetadata)
    _add_model_route(router, "/config", config, "GET", schemas.ModelConfig)


def _add_inference(router: APIRouter, catalogue: Catalogue, inference: Inference) -> None:
    """`POST …/infer`."""
    one_at_a_time = asyncio.Semaphore()

    async def read(
        body: bytes, length: int | None, model: str, version: str | None
    ) -> InferRequest:
        """The request; large JSON in a thread, of one request only: it becomes many times itself
        in memory before it is an array."""
        if (len(body) if length is None else length) <= _LARGE_BYTES:
            return read_request(body, length, model=model, version=version)
        async with one_at_a_time:
            return await asyncio.to_thread(read_request, body, length, model=model, version=version)

    async def infer(request: Request, model: str) -> Response:
        """The class scores of pictures, and whatever layers are asked for by name."""
        version = request.path_params.get("version")
        spec = catalogue.find(model, version).manifest.input  # before the body is received
        body = await read_body(request.receive)
        length = read_length(request.headers.get(LENGTH_HEADER), len(body))
        if length == 0:
            asked = read_raw_request(body, spec, model=model, version=version)
        else:
            asked = await read(body, length, model, version)
        response = await inference.infer(asked, request.receive)
        if asked.looks_inside:  # tens of megabytes may be
            content, headers = await asyncio.to_thread(write_response, asked, response)
        else:
            content, headers = write_response(asked, response)
        return Response(content, headers=headers)

    _add_model_route(
        router,
        "/infer",
        infer,
        "POST",
        schemas.InferenceResponse,
        statuses=(400, 408, 413, 415, 422, 429, 501, 504),
        success={"content": _BINARY},
        **_INFER,
    )


def _add_model_route(
    router: APIRouter,
    suffix: str,
    endpoint: Callable[..., Any],
    method: str,
    answer: type[BaseModel],
    *,
    statuses: tuple[int, ...] = (),
    success: dict[str, Any] | None = None,
    parameters: Sequence[dict[str, Any]] = (),
    **extra: Any,
) -> None:
    """One endpoint under the model, and under one of its versions.

    `success` and `extra` add to what the document says of status 200 and of the operation.
    """
    for middle, name, more in (("", "", []), ("/versions/{version}", "_version", [_VERSION])):
        router.add_api_route(
            f"{MODEL}{middle}{suffix}",
            endpoint,
            methods=[method],
            response_model=answer,
            responses={200: success or {}, **protocol_errors(404, 503, *statuses)},
            operation_id=f"v2_{endpoint.__name__}{name}",
            openapi_extra={"parameters": [*more, *parameters], **extra},
        )
