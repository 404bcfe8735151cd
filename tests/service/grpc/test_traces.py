"""Traces of calls over gRPC, as a real collector gets them."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest

from service.grpc import open_inference_pb2 as pb
from tests.service.collector import Collector, Span, collecting

INFER = "inference.GRPCInferenceService/ModelInfer"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(start_grpc: Callable[..., Any], collector: Collector) -> Any:
    """A client of a server that sends its spans to the collector."""
    return start_grpc(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
    )


def infer(picture: bytes, model: str = "colours") -> pb.ModelInferRequest:
    request = pb.ModelInferRequest(model_name=model)
    request.inputs.add(name="image", datatype="BYTES", shape=[1])
    request.inputs[0].contents.bytes_contents.append(picture)
    return request


def context() -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """A client's trace: its id, its span's, the call's metadata."""
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    return trace, parent, (("traceparent", f"00-{trace}-{parent}-01"),)


def of_trace(collector: Collector, trace: str, count: int) -> dict[str, Span]:
    found = collector.wait_for(lambda span: span.trace == trace, count)
    assert len(found) == count
    return {span.name: span for span in found}


def test_an_inference_is_a_span_with_its_phases_inside(
    traced: Any, collector: Collector, pictures: tuple[bytes, ...]
) -> None:
    trace, parent, metadata = context()
    replace(traced, metadata=metadata).call("ModelInfer", infer(pictures[0]))
    spans = of_trace(collector, trace, 4)
    call = spans.pop(INFER)
    assert (call.parent, call.error) == (parent, False)
    assert call.attributes == {
        "rpc.system": "grpc",
        "rpc.service": "inference.GRPCInferenceService",
        "rpc.method": "ModelInfer",
        "rpc.grpc.status_code": 0,
    }
    assert sorted(spans) == ["decode", "inference", "queue"]
    assert {span.parent for span in spans.values()} == {call.id}


def test_a_refused_call_says_its_status_and_health_is_not_traced(
    traced: Any, collector: Collector, pictures: tuple[bytes, ...]
) -> None:
    trace, _, metadata = context()
    client = replace(traced, metadata=metadata)
    client.call("ServerLive")
    client.call("ServerReady")
    error = client.fails("ModelInfer", infer(pictures[0], "nothing"))
    assert error.code is grpc.StatusCode.NOT_FOUND
    [call] = of_trace(collector, trace, 1).values()
    assert (call.name, call.error) == (INFER, False)
    assert call.attributes["rpc.grpc.status_code"] == grpc.StatusCode.NOT_FOUND.value[0]
