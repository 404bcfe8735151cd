"""What the OpenAPI document says of every route: its errors, and the path with a version."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from service import archives, events
from service.access import is_open
from service.arrays import MEDIA_TYPE
from service.multipart import FIELD
from service.picture_headers import LAYOUT_HEADER, RANGE_HEADER
from service.protocol.schemas import ProtocolErrorBody
from service.schemas import ErrorBody

REASONS = {
    400: "malformed: the query, the form, the array, or a picture that does not decode",
    401: "no API key, or none that is known",
    403: "the API key may not do this; without keys, no web page may administer",
    404: "no such model or version; where layers are asked for, no such layer or channel",
    405: "another method is expected here",
    408: "the body did not arrive in time",
    413: "too many bytes, pixels or pictures",
    415: "not a picture in an allowed format",
    422: "well formed, and more than the caps allow or not what this network can answer",
    429: "the queue is full, or this client asks too much at a time; see Retry-After",
    500: "our fault; the log has it under the answer's X-Request-ID",
    501: "the protocol allows it, this service does not do it",
    503: "not ready, or too many requests at a time; Retry-After says when to try again",
    504: "no answer within timeout_ms",
}
INSPECTION_STATUSES = (400, 408, 413, 415, 422, 429, 504)
"""What every route that looks inside may answer, beside what every route of a model may."""
EVENTS: dict[str, Any] = {events.MEDIA_TYPE: {"schema": events.SCHEMA}}
"""Where an answer may come as a stream of events."""
_FILE = {"type": "string", "format": "binary"}
_TEXT = {"type": "string"}
PICTURES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One encoded picture under any type (its first bytes decide), a form with "
        f"one or more `{FIELD}` parts, or ready pictures of the model's own size.",
        "content": {
            "image/*": {"schema": _FILE},
            "application/octet-stream": {"schema": _FILE},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {FIELD: {"type": "array", "items": _FILE}},
                }
            },
            MEDIA_TYPE: {
                "schema": {
                    **_FILE,
                    "description": "numpy array (batch, height, width, channels) in the model's "
                    "input type; never unpickled",
                }
            },
        },
    }
}
"""The request body of every route that takes pictures."""
_VERSION = {
    "name": "version",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "one that is served, by its number or a label: 3, latest, stable",
}


_KEY = "key"
_REFUSALS = (401, 403, 429)
"""What the guards may answer wherever a key can be asked for."""


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, without the 422 that FastAPI adds where this service answers 400, and
    with what guards answer before a route does."""
    document = app.openapi()
    document["components"]["securitySchemes"] = {_KEY: {"type": "http", "scheme": "bearer"}}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            if not is_open(path):
                _add_refusals(path, operation)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


def _add_refusals(path: str, operation: dict[str, Any]) -> None:
    """A key may be asked for here."""
    operation["security"] = [{}, {_KEY: []}]
    body = ProtocolErrorBody if path.startswith("/v2") else ErrorBody
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    for status in _REFUSALS:
        answer = {
            "description": REASONS[status],
            "content": {"application/json": {"schema": schema}},
        }
        operation["responses"].setdefault(str(status), answer)


def in_formats(png: str, **others: Any) -> dict[str, Any]:
    """Status 200 of a route that answers JSON, an archive or a picture as its query says.

    Args:
        png: what the picture shows.
        others: further forms.
    """
    return {
        "description": "in the format that was asked",
        "content": {
            archives.MEDIA_TYPE: {"schema": {**_FILE, "description": "for numpy.load; no pickles"}},
            "image/png": {"schema": {**_FILE, "description": png}},
            **others,
        },
        "headers": {
            RANGE_HEADER: {"schema": _TEXT, "description": "png: lo=…,hi=…,zero=…,scale=…"},
            LAYOUT_HEADER: {
                "schema": _TEXT,
                "description": "png of a layer's channels: where each lies, as JSON",
            },
        },
    }


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, all of one shape."""
    return {
        status: {"model": ErrorBody, "description": REASONS[status]}
        for status in sorted({*statuses, 500})
    }


def protocol_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route under /v2, in the Open Inference Protocol's shape."""
    return {
        status: {"model": ProtocolErrorBody, "description": REASONS[status]}
        for status in sorted({*statuses, 500})
    }


def add_model_route(
    router: APIRouter,
    suffix: str,
    endpoint: Callable[..., Any],
    *,
    method: str,
    answer: type[BaseModel],
    statuses: tuple[int, ...],
    body: dict[str, Any] | None = None,
    success: dict[str, Any] | None = None,
) -> None:
    """One endpoint under `/v1/models/{model}` and under `…/versions/{version}`.

    `success` adds to what the document says of status 200: other content types, headers.
    """
    name = endpoint.__name__
    for middle, extra in (("", {}), ("/versions/{version}", {"parameters": [_VERSION]})):
        router.add_api_route(
            f"/v1/models/{{model}}{middle}{suffix}",
            endpoint,
            methods=[method],
            response_model=answer,
            responses={200: success or {}, **errors(404, 503, *statuses)},
            operation_id=f"{name}_version" if middle else name,
            openapi_extra={**extra, **(body or {})},
        )
