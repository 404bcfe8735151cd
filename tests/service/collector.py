"""A collector of OpenTelemetry spans: OTLP over HTTP, as any real one takes it."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

WAIT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it arrived; ids in hexadecimal, `parent` empty for a root, times in ns."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    started: int
    ended: int
    attributes: dict[str, Any]
    error: bool
    service: str


class Collector:
    """Listens on `url` and keeps what arrives."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                assert self.path == "/v1/traces"
                collector.take(body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its own word
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, body: bytes) -> None:
        """Keep the spans of one export."""
        self.bodies.append(body)
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = _values(resource_spans.resource.attributes)
            for scope_spans in resource_spans.scope_spans:
                self.spans += [_span(span, about["service.name"]) for span in scope_spans.spans]

    def wait_for(self, wanted: Callable[[Span], bool], count: int = 1) -> list[Span]:
        """The spans that are wanted, once so many have arrived."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = [span for span in [*self.spans] if wanted(span)]
            if len(found) >= count:
                return found
            time.sleep(0.05)
        pytest.fail(f"waited for {count} spans; there are {[span.name for span in self.spans]}")


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens meanwhile."""
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        thread.join()
        collector.server.server_close()


def _span(span: Any, service: str) -> Span:
    return Span(
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        kind=span.kind,
        started=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        attributes=_values(span.attributes),
        error=span.status.code == 2,
        service=service,
    )


def _values(attributes: Any) -> dict[str, Any]:
    """Texts and whole numbers."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
