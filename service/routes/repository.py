"""`/v2/repository/…`: what the repository has, and which models of it are served."""

from typing import Any, cast

import orjson
from fastapi import APIRouter, Request, Response

from service.catalogue import Catalogue
from service.protocol.errors import ProtocolError, UnsupportedError
from service.repository_schemas import Changed, IndexLine, IndexWish, RepositoryWish
from service.responses import json_response
from service.routes.documented import protocol_errors
from service.uploads import read_body

_STATUSES = (400, 404, 408, 413, 422, 501, 503)
_IGNORED = frozenset({"unload_dependents"})
"""Triton's clients send it; our models do not depend on each other."""


def repository_router(catalogue: Catalogue) -> APIRouter:
    """The index, and loading and unloading by hand."""
    router = APIRouter(prefix="/v2/repository", tags=["Open Inference Protocol"])

    @router.post(
        "/index",
        response_model=list[IndexLine],
        responses=protocol_errors(400, 408, 413, 503),
        openapi_extra=_body(IndexWish),
    )
    async def repository_index(request: Request) -> Response:
        """Every published version, whether it is served, and if not, why."""
        wish = await _read(request)
        ready = wish.get("ready") or False
        if not isinstance(ready, bool):
            raise ProtocolError(f"'ready': expected true or false, received {str(ready)[:64]!r}")
        return json_response(catalogue.index(ready=ready))

    @router.post(
        "/models/{model}/load",
        response_model=Changed,
        responses=protocol_errors(*_STATUSES),
        openapi_extra=_body(RepositoryWish),
    )
    async def load_model(request: Request, model: str) -> Response:
        """Serve a model as the repository has it now; answers once it is served.

        What was served before goes on where a version fails.
        """
        check_parameters((await _read(request)).get("parameters"))
        await catalogue.load(model)
        return json_response({"name": model, "ready": True})

    @router.post(
        "/models/{model}/unload",
        response_model=Changed,
        responses=protocol_errors(*_STATUSES),
        openapi_extra=_body(RepositoryWish),
    )
    async def unload_model(request: Request, model: str) -> Response:
        """Serve a model no more, until it is loaded; requests that it has are answered."""
        check_parameters((await _read(request)).get("parameters"))
        await catalogue.unload(model)
        return json_response({"name": model, "ready": False})

    return router


def check_parameters(parameters: object) -> None:
    """Refuse what the protocol lets a client send and this service does not take.

    Raises:
        UnsupportedError: files or a configuration: models come by way of the repository alone.
        ProtocolError: no object, or parameters that do not exist.
    """
    if parameters is None:
        return
    if not isinstance(parameters, dict):
        raise ProtocolError(f"'parameters': expected an object, received {str(parameters)[:64]!r}")
    for name in cast("dict[str, object]", parameters):
        if name == "config" or name.startswith("file:"):
            raise UnsupportedError(
                f"parameter {name[:64]!r}: models come from the repository on this server's disk, "
                "never from a request; publish the version there and load it without parameters"
            )
        if name not in _IGNORED:
            raise ProtocolError(f"there is no parameter {name[:64]!r} here")


async def _read(request: Request) -> dict[str, Any]:
    """The body's JSON object; an empty body is an empty one.

    Raises:
        ProtocolError: something else.
    """
    body = await read_body(request.receive)
    try:
        document: object = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError as error:
        raise ProtocolError(f"expected JSON, received something else: {error}") from error
    if not isinstance(document, dict):
        raise ProtocolError("expected a JSON object, received another JSON value")
    return cast("dict[str, Any]", document)


def _body(schema: type[RepositoryWish] | type[IndexWish]) -> dict[str, Any]:
    """A body that may be left out."""
    content = {"application/json": {"schema": schema.model_json_schema()}}
    return {"requestBody": {"required": False, "content": content}}
