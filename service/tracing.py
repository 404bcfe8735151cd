"""OpenTelemetry traces: a span of every request, and inside it decode, queue and inference.

Off unless OpenTelemetry's own variables say where spans go; then nothing of this is on the road of
a request. Spans leave in batches, from a thread: a collector that is slow or gone costs no request.
"""

import asyncio
import os
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from time import perf_counter_ns, time_ns
from types import TracebackType
from typing import Self

from opentelemetry.trace import (
    NoOpTracer,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.settings import SettingsError
from service.spans import TRACE, Attributes

FLUSH_SECONDS = 2.0
"""For the last spans to leave when the service stops."""
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

_W3C = TraceContextTextMapPropagator()


def tracing_asked(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether OpenTelemetry's variables ask for traces.

    They are the standard's and its library reads them too, so they are no settings of ours.

    Raises:
        SettingsError: they ask for an exporter or a protocol that is not here.
    """
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return False
    if exporter not in ("", "otlp"):
        raise SettingsError(f"OTEL_TRACES_EXPORTER: expected otlp or none, received {exporter!r}")
    if not exporter and not any(environment.get(name) for name in ENDPOINTS):
        return False
    for name in PROTOCOLS:
        protocol = environment.get(name) or "http/protobuf"
        if protocol != "http/protobuf":
            raise SettingsError(f"{name}: expected http/protobuf, received {protocol!r}")
    return True


class RequestSpan:
    """The span of one request; a `spans.Trace`."""

    def __init__(self, tracer: Tracer, span: Span, started_ns: int) -> None:
        self._tracer = tracer
        self._span = span
        self._context = set_span_in_context(span)
        self._epoch_ns = started_ns - perf_counter_ns()

    @property
    def id(self) -> str:
        """The trace's, in hexadecimal."""
        return format_trace_id(self._span.get_span_context().trace_id)

    @property
    def traceparent(self) -> str:
        """Which trace, which span, and whether it is kept, as W3C writes it; empty if there is
        none."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, self._context)
        return carrier.get("traceparent", "")

    def add(self, name: str, started: float, ended: float, attributes: Attributes) -> None:
        """A phase that is over, in seconds of `perf_counter`."""
        phase = self._tracer.start_span(
            name, self._context, attributes=attributes, start_time=self._wall_ns(started)
        )
        phase.end(self._wall_ns(ended))

    def describe(self, name: str, attributes: Attributes, *, failed: bool) -> None:
        """What is known only at the end: the route, the status, whether it was our fault."""
        self._span.update_name(name)
        self._span.set_attributes(attributes)
        if failed:
            self._span.set_status(StatusCode.ERROR)

    def _wall_ns(self, seconds: float) -> int:
        """`perf_counter` → nanoseconds since 1970."""
        return self._epoch_ns + int(seconds * 1e9)


class Tracing:
    """Takes spans and sends them on while it is open; use it as an async context manager."""

    def __init__(self) -> None:
        self._tracer: Tracer = NoOpTracer()
        self._last = threading.Thread(daemon=True)

    async def __aenter__(self) -> Self:
        from service.span_export import open_provider  # noqa: PLC0415  for who traces

        provider = open_provider()
        self._tracer = provider.get_tracer("cutaway")
        # A thread that nobody has to wait for: a collector that does not answer keeps it for long.
        self._last = threading.Thread(target=provider.shutdown, daemon=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._last.start()
        await asyncio.to_thread(self._last.join, FLUSH_SECONDS)

    @contextmanager
    def request(self, headers: Mapping[str, str]) -> Generator[RequestSpan]:
        """The span of a request, while it is answered; `current_trace` where it is kept.

        Args:
            headers: `traceparent` and `tracestate`, if the client sent them.
        """
        started_ns = time_ns()
        span = self._tracer.start_span(
            "request", _W3C.extract(headers), SpanKind.SERVER, start_time=started_ns
        )
        request = RequestSpan(self._tracer, span, started_ns)
        token = TRACE.set(request if span.is_recording() else None)
        try:
            yield request
        finally:
            TRACE.reset(token)
            span.end()
