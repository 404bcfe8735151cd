"""Where spans go: over HTTP, as OpenTelemetry's own variables say. Imported by who traces alone."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def open_provider() -> TracerProvider:
    """Sends spans in batches, from a thread; named `cutaway` unless the variables name it."""
    named = "OTEL_SERVICE_NAME" in os.environ
    named |= "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    resource = Resource.create({} if named else {"service.name": "cutaway"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
