"""Traces, as a real collector gets them from a real server."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

from service.settings import SettingsError
from service.tracing import tracing_asked
from tests.servers import Server, free_port
from tests.service.collector import Collector, Span, collecting

PREDICT = "/v1/models/colours/predict"
PHASES = ["decode", "inference", "queue"]
SERVER_KIND = 2

Starter = Callable[..., Server]
Ended = tuple[str, list[dict[str, Any]]]
"""A trace, and the last lines of the log."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(start_server: Starter, models: Path, collector: Collector) -> Iterator[httpx.Client]:
    """A client of a server that sends its spans to the collector."""
    server = start_server(
        CUTAWAY_MODELS=str(models),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
    )
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def context(flags: str = "01") -> tuple[str, str, dict[str, str]]:
    """A client's trace: its id, its span's, the headers."""
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    return trace, parent, {"traceparent": f"00-{trace}-{parent}-{flags}"}


def of_trace(collector: Collector, trace: str, count: int) -> dict[str, Span]:
    """The spans of one trace by name, once so many are there."""
    found = collector.wait_for(lambda span: span.trace == trace, count)
    assert len(found) == count
    return {span.name: span for span in found}


def test_a_prediction_is_a_span_with_its_phases_inside(
    traced: httpx.Client, collector: Collector, pictures: tuple[bytes, ...]
) -> None:
    trace, parent, headers = context()
    before = time.time_ns()
    answer = traced.post(PREDICT, content=pictures[0], headers=headers)
    after = time.time_ns()
    spans = of_trace(collector, trace, 4)
    request = spans.pop("POST /v1/models/{model}/predict")
    assert (request.parent, request.kind, request.error) == (parent, SERVER_KIND, False)
    assert request.service == "cutaway"
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/models/{model}/predict",
        "http.response.status_code": 200,
        "cutaway.request_id": answer.headers["x-request-id"],
    }
    assert sorted(spans) == PHASES
    assert {span.parent for span in spans.values()} == {request.id}
    queue, decode, inference = spans["queue"], spans["decode"], spans["inference"]
    times = [before, request.started, queue.started, queue.ended, decode.started, decode.ended]
    times += [inference.started, inference.ended, request.ended, after]
    assert times == sorted(times)
    assert inference.attributes == {
        "cutaway.model": "colours",
        "cutaway.version": "2",
        "cutaway.batch_size": 1,
    }
    assert decode.attributes == {"cutaway.images": 1}
    assert answer.headers["traceresponse"] == f"00-{trace}-{request.id}-01"


def test_the_phases_last_as_long_as_the_answer_says(
    traced: httpx.Client, collector: Collector, pictures: tuple[bytes, ...]
) -> None:
    trace, _, headers = context()
    files = [("image", picture) for picture in pictures]
    timing = traced.post(PREDICT, files=files, headers=headers).json()["timing_ms"]
    spans = of_trace(collector, trace, 4)
    assert spans["decode"].attributes == {"cutaway.images": 3}
    inference_ms = (spans["inference"].ended - spans["inference"].started) / 1e6
    assert inference_ms >= timing["inference"] - 0.01
    decode_ms = (spans["decode"].ended - spans["decode"].started) / 1e6
    assert decode_ms >= timing["decode"] - 0.01


def test_who_brings_no_context_begins_a_trace(
    traced: httpx.Client, collector: Collector, pictures: tuple[bytes, ...]
) -> None:
    for headers in ({}, {"traceparent": "00-nothing-that-is-one-01"}):
        answer = traced.post(PREDICT, content=pictures[0], headers=headers)
        _, trace, request_id, flags = answer.headers["traceresponse"].split("-")
        spans = of_trace(collector, trace, 4)
        request = next(span for span in spans.values() if span.id == request_id)
        assert request.parent == ""
        assert int(flags, 16) & 1, "it is kept"


def test_who_does_not_want_to_be_traced_is_not(
    traced: httpx.Client, collector: Collector, pictures: tuple[bytes, ...]
) -> None:
    trace, _, headers = context("00")
    answer = traced.post(PREDICT, content=pictures[0], headers=headers)
    assert answer.headers["traceresponse"].startswith(f"00-{trace}-")
    assert answer.headers["traceresponse"].endswith("-00")
    later, _, headers = context()
    traced.post(PREDICT, content=pictures[0], headers=headers)
    of_trace(collector, later, 4)
    assert not [span for span in collector.spans if span.trace == trace]


def test_an_inspection_has_the_same_phases(
    traced: httpx.Client, collector: Collector, pictures: tuple[bytes, ...]
) -> None:
    trace, _, headers = context()
    url = "/v1/models/colours/activations?layer=pool"
    answer = traced.post(url, content=pictures[0], headers=headers)
    assert answer.status_code == 200, answer.text
    spans = of_trace(collector, trace, 4)
    request = spans.pop("POST /v1/models/{model}/activations")
    assert sorted(spans) == PHASES
    decode, queue, inference = spans["decode"], spans["queue"], spans["inference"]
    assert decode.ended <= queue.started
    assert queue.ended <= inference.started < inference.ended <= request.ended


def test_a_refused_request_is_a_span_without_phases_and_says_nothing_of_the_client(
    traced: httpx.Client, collector: Collector
) -> None:
    trace, _, headers = context()
    url = f"{PREDICT}?top_k=secret-query"
    agent = {"user-agent": "secret-agent", "cookie": "secret-cookie"}
    assert traced.post(url, content=b"secret-body", headers=headers | agent).status_code == 400
    traced.get("/secret-path", headers=headers)
    spans = of_trace(collector, trace, 2)
    assert spans["POST /v1/models/{model}/predict"].attributes["http.response.status_code"] == 400
    assert spans["GET unmatched"].attributes["http.response.status_code"] == 404
    assert not any(span.error for span in spans.values()), "the fault is the client's"
    assert not [body for body in collector.bodies if b"secret" in body]


def test_health_and_metrics_are_not_traced(traced: httpx.Client, collector: Collector) -> None:
    trace, _, headers = context()
    for path in ("/livez", "/readyz", "/metrics"):
        assert "traceresponse" not in traced.get(path, headers=headers).headers
    traced.get("/v1/models", headers=headers)
    assert list(of_trace(collector, trace, 1)) == ["GET /v1/models"]


@pytest.fixture(scope="module")
def ended(
    start_server: Starter, models: Path, collector: Collector, pictures: tuple[bytes, ...]
) -> Ended:
    """A server whose spans wait for a minute; it was asked three times, and has stopped."""
    server = start_server(
        CUTAWAY_MODELS=str(models),
        CUTAWAY_LOG_FORMAT="json",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="60000",
        OTEL_SERVICE_NAME="pictures",
    )
    trace, _, headers = context()
    _, _, silent = context("00")
    for body, sent in ((b"nothing", headers), (pictures[0], headers), (pictures[0], silent)):
        httpx.post(f"{server.url}{PREDICT}", content=body, headers=sent)
    assert server.stop() == 0
    lines = server.log.read_text().splitlines()
    return trace, [json.loads(line) for line in lines if '"route"' in line][-3:]


def test_the_last_spans_leave_before_the_service_ends(ended: Ended, collector: Collector) -> None:
    spans = collector.wait_for(lambda span: span.trace == ended[0], 5)
    assert {span.name for span in spans} == {*PHASES, "POST /v1/models/{model}/predict"}
    assert {span.service for span in spans} == {"pictures"}


def test_the_log_as_json_says_which_trace_a_request_was_and_which_error(ended: Ended) -> None:
    trace, (refused, answered, untraced) = ended
    assert (refused["trace_id"], refused["code"]) == (trace, "unsupported_image")
    assert answered["trace_id"] == trace
    assert "code" not in answered
    assert "trace_id" not in untraced


def test_a_collector_that_is_gone_costs_no_request_and_holds_up_no_end(
    start_server: Starter, models: Path, pictures: tuple[bytes, ...]
) -> None:
    server = start_server(
        CUTAWAY_MODELS=str(models),
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}",
        OTEL_BSP_SCHEDULE_DELAY="100",
    )
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for _ in range(20):
            assert client.post(PREDICT, content=pictures[0]).status_code == 200
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def test_without_configuration_nothing_is_traced(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    _, _, headers = context()
    answer = client.post(PREDICT, content=pictures[0], headers=headers)
    assert answer.status_code == 200
    assert "traceresponse" not in answer.headers


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "pictures"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:1"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_standards_own_variables_switch_it_on(environment: dict[str, str], asked: bool) -> None:
    assert tracing_asked(environment) == asked


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
)
def test_what_cannot_be_exported_ends_the_start_in_one_sentence(
    run_service: Callable[..., CompletedProcess[str]], models: Path, name: str, value: str
) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", name: value}
    with pytest.raises(SettingsError, match=f"{name}: expected .*, received '{value}'"):
        tracing_asked(environment)
    ended = run_service(CUTAWAY_MODELS=str(models), **environment)
    assert ended.returncode != 0
    assert f"{name}: expected" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
