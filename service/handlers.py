"""Exceptions of a request → errors in the shape of their path."""

from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from service.errors import STATUSES, Answer, answer_to
from service.responses import ErrorResponse
from service.schemas import Error

_QUOTED = 128
_QUOTED_ITEMS = 3
"""How much of a query an error repeats."""


def add_handlers(app: FastAPI) -> None:
    """Answer every expected error; what is left is the journal's 500."""
    for kind in STATUSES:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _write(answer: Answer) -> Response:
    """An answer in the shape of its path."""
    return ErrorResponse(answer.status, answer.error, answer.headers)


def error_response(error: Exception) -> Response:
    """The answer to one of the errors of `STATUSES`."""
    return _write(answer_to(error))


async def _known(_: Request, error: Exception) -> Response:
    """An error of the table."""
    return error_response(error)


async def _invalid(_: Request, error: Exception) -> Response:
    """A query that does not fit its parameters: the first of its faults."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  it was registered for nothing else
    fault = error.errors()[0]
    parameter = str(fault["loc"][1])[:_QUOTED]  # (query, its name, and of one that repeats which)
    received = _quoted(fault["input"])
    if fault["type"] == "extra_forbidden":
        message = f"there is no parameter {parameter!r} here; see /docs"
    else:
        message = f"{parameter}: {fault['msg'].lower()}; received {received!r}"
    details = {"parameter": parameter, "received": received}
    return _write(Answer(400, Error(code="invalid_query", message=message, details=details)))


def _quoted(received: object) -> object:
    """The beginning of it: a query may hold 60 kB, or three thousand parameters of one name."""
    if isinstance(received, list):
        return [_quoted(one) for one in cast("list[object]", received)[:_QUOTED_ITEMS]]
    return received[:_QUOTED] if isinstance(received, str) else received


async def _http(request: Request, error: Exception) -> Response:
    """What the router itself answers: no such path, or another method."""
    assert isinstance(error, HTTPException)  # noqa: S101  it was registered for nothing else
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    message = phrase
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = "there is nothing at this path; see /docs"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        message = f"expected {allowed} here, received {request.method}"
    headers = dict(error.headers or {})
    return _write(Answer(error.status_code, Error(code=code, message=message), headers))
