"""A span around every HTTP request; on the road only where tracing is configured."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.metrics import METHODS
from service.tracing import RequestSpan, Tracing

UNTRACED = frozenset({"/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"})
"""Asked every few seconds for ever."""


class TracedRoad:
    """ASGI middleware: W3C trace context in, a span, and whose it is in `traceresponse`.

    A span says the method, the route's template, the status and the request's id: no path, no
    query, no header of the client's, no picture.
    """

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self.app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        if scope["type"] != "http" or scope["path"] in UNTRACED:
            await self.app(scope, receive, send)
            return
        with self._tracing.request(_context_headers(scope)) as request:
            answer = _Answer(request, send)
            try:
                await self.app(scope, receive, answer.send)
            finally:
                _describe(request, scope, answer)


class _Answer:
    """The answer on its way out: remembers its status and id, and adds the trace's header."""

    def __init__(self, request: RequestSpan, send: Send) -> None:
        self.status = 0
        self.id = ""
        self._traceparent = request.traceparent.encode()
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ())]
            self.id = next((v.decode() for name, v in headers if name == b"x-request-id"), "")
            if self._traceparent:
                headers.append((b"traceresponse", self._traceparent))
            message = {**message, "headers": headers}
        await self._send(message)


def _describe(request: RequestSpan, scope: Scope, answer: _Answer) -> None:
    """In OpenTelemetry's words, where it has them."""
    method = scope["method"] if scope["method"] in METHODS else "_OTHER"
    route = getattr(scope.get("route"), "path", "unmatched")
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "http.route": route,
        "cutaway.request_id": answer.id,
    }
    if answer.status:
        attributes["http.response.status_code"] = answer.status
    else:
        attributes["error.type"] = "client_left"
    failed = answer.status >= 500  # noqa: PLR2004  the first status that is our fault
    request.describe(f"{method} {route}", attributes, failed=failed)


def _context_headers(scope: Scope) -> dict[str, str]:
    """The client's trace context; a list of states that came in pieces is put together."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in (b"traceparent", b"tracestate"):
            key, text = name.decode(), value.decode("latin-1")
            found[key] = f"{found[key]},{text}" if key in found else text
    return found
