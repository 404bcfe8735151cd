"""A span around a call over gRPC, as `TracedRoad` has one around a request over HTTP."""

from collections.abc import Awaitable, Iterable

from google.protobuf.message import Message

from service.grpc.statuses import Refusal
from service.tracing import RequestSpan, Tracing

_UNTRACED = ("/ServerLive", "/ServerReady")  # asked every few seconds for ever


async def in_span(
    work: Awaitable[Message | Refusal],
    tracing: Tracing,
    route: str,
    metadata: Iterable[tuple[str, str | bytes]],
) -> Message | Refusal:
    """What comes of the work, with its phases inside a span.

    Args:
        work: answers one message; of a stream each has its own span.
        tracing: where spans go.
        route: `/service/method`.
        metadata: of the call; W3C trace context may be in it.
    """
    if route.endswith(_UNTRACED):
        return await work
    context = {
        name: value
        for name, value in metadata
        if name in ("traceparent", "tracestate") and isinstance(value, str)
    }
    with tracing.request(context) as request:
        answer = await work
        _describe(request, route, answer)
    return answer


def _describe(request: RequestSpan, route: str, answer: Message | Refusal) -> None:
    """In OpenTelemetry's words."""
    refused = answer if isinstance(answer, Refusal) else None
    _, service, method = route.split("/")
    attributes: dict[str, str | int] = {
        "rpc.system": "grpc",
        "rpc.service": service,
        "rpc.method": method,
        "rpc.grpc.status_code": refused.code.value[0] if refused else 0,
    }
    failed = refused is not None and refused.status >= 500  # noqa: PLR2004  the first of our faults
    request.describe(f"{service}/{method}", attributes, failed=failed)
