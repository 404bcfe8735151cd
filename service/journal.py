"""Around every request: its identity, its line in the log, its count, and the last resort."""

import logging
import re
import uuid
from itertools import count
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.keys import asking
from service.metrics import Metrics
from service.responses import ERROR_CODE, ErrorResponse
from service.schemas import Error
from service.security_headers import NOSNIFF
from service.spans import current_trace

log = logging.getLogger("cutaway")

_SANE_ID = re.compile(rb"[!-~]{1,128}")
_PROCESS = uuid.uuid4().hex[:16]
_numbers = count(1)
_CLIENT_LEFT = 499  # nginx's number: there is nobody left to send a status to


class Journal:
    """ASGI middleware: X-Request-ID, metrics, log, and 500 for what nobody expected.

    It writes down who asked, the method, the route's template, the status and the time: no path, no
    query, no header, no picture.

    Args:
        app: answers.
        metrics: count.
        every_request: whether those that went well are of the level `info`, too.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, every_request: bool = False) -> None:
        self.app = app
        self._metrics = metrics
        self._level = logging.INFO if every_request else logging.DEBUG

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        request_id = _request_id(scope)
        id_header = (b"x-request-id", request_id.encode())
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), id_header, NOSNIFF]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = _CLIENT_LEFT
        except Exception:
            log.exception("request %s failed", request_id)
            if status:
                raise  # half an answer is out; the server closes the connection
            await _internal_error(request_id)(scope, receive, send_with_id)
        finally:
            self._write(scope, request_id, status, perf_counter() - started)

    def _write(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        """Count it, and log it if its level is asked for."""
        route = _route(scope)
        self._metrics.count_request(route, scope["method"], status, seconds, scope.get(ERROR_CODE))
        level = self._level
        if status >= 400:  # noqa: PLR2004  the first status that is an error
            level = logging.INFO
        if status >= 500:  # noqa: PLR2004  the first status that is our fault
            level = logging.ERROR
        if log.isEnabledFor(level):
            _log(level, scope, status, seconds, request_id)


def _log(level: int, scope: Scope, status: int, seconds: float, request_id: str) -> None:
    """A line for people, with its facts for programs."""
    route = _route(scope)
    key = asking()
    facts = {
        "method": scope["method"],
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "request_id": request_id,
        "client": scope["client"][0] if scope.get("client") else None,
        "key": key.name if key else None,
    }
    if code := scope.get(ERROR_CODE):
        facts["code"] = code
    if trace := current_trace():
        facts["trace_id"] = trace.id
    text = "%s %s %d %.1f ms request=%s"
    words = (scope["method"], route, status, seconds * 1000, request_id)
    log.log(level, text, *words, extra={"facts": facts})


def _route(scope: Scope) -> str:
    """The template that was matched: never the path that a client wrote."""
    return getattr(scope.get("route"), "path", "unmatched")


def _request_id(scope: Scope) -> str:
    """The client's own if it is short and printable, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return value.decode()
    return f"{_PROCESS}{next(_numbers):016x}"


def _internal_error(request_id: str) -> ASGIApp:
    """500 without internals; the log has them under the request's id."""
    message = f"the service failed on this request; its log says why under {request_id}"
    return ErrorResponse(500, Error(code="internal", message=message))
