"""Sensitivities and self-checks as server-sent events, from a real server."""

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.engine.attribution.toys import HEIGHT, WIDTH

POOLED = "/v1/models/pooled/sensitivity"
ACCEPT = {"Accept": "text/event-stream"}
Event = tuple[str, Any]


def ready(count: int = 1) -> bytes:
    pixels = np.random.default_rng(3).integers(0, 255, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def parse(lines: Iterator[str]) -> Iterator[Event]:
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def ask(client: httpx.Client, query: str, path: str = POOLED, count: int = 1) -> list[Event]:
    url = f"{path}?{query}"
    with client.stream("POST", url, content=ready(count), headers=ACCEPT) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-request-id"]
        return list(parse(answer.iter_lines()))


def gauge(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("method=smoothgrad&samples=200", 200),
        ("method=integrated-gradients&steps=50", 50),
        ("method=score-cam", 5),
        ("method=occlusion&patch_pixels=2&stride_pixels=1", 209),
        ("method=grad-cam&faithfulness=true", 169),
        ("method=gradient", 1),
    ],
)
def test_progress_grows_to_its_total_and_then_comes_the_answer(
    inside: httpx.Client, query: str, total: int
) -> None:
    *steps, (name, answer) = ask(inside, query)
    assert name == "answer"
    assert answer["passes"]["forward"] == total
    assert {name for name, _ in steps} == {"progress"}
    assert {step["total"] for _, step in steps} == {total}
    done = [step["done"] for _, step in steps]
    assert done == sorted(set(done))
    assert done[-1] == total


def test_the_answer_is_the_one_without_events(inside: httpx.Client) -> None:
    query = "method=smoothgrad&samples=9&seed=4"
    [*_, (_, streamed)] = ask(inside, query, count=2)
    plain = inside.post(f"{POOLED}?{query}", content=ready(2)).json()
    assert streamed["results"] == plain["results"]


@pytest.mark.parametrize(
    ("query", "model", "code"),
    [
        ("method=cam", "flat", "method_not_applicable"),
        ("", "odd", "no_gradient_rule"),
        ("method=smoothgrad&samples=2001", "pooled", "too_much"),
        ("method=smoothgrad&samples=1999&timeout_ms=20", "pooled", "deadline_exceeded"),
    ],
)
def test_what_goes_wrong_on_the_way_is_an_event(
    inside: httpx.Client, query: str, model: str, code: str
) -> None:
    name, body = ask(inside, query, f"/v1/models/{model}/sensitivity")[-1]
    assert name == "error"
    assert sorted(body["error"]) == ["code", "details", "message"]
    assert body["error"]["code"] == code


def test_what_is_wrong_from_the_start_is_a_plain_answer(
    inside: httpx.Client, refused: Callable[..., dict]
) -> None:
    for query, status, code in (
        ("method=nothing", 400, "invalid_query"),
        ("format=png", 400, "invalid_query"),
        ("layer=nothing", 404, "layer_not_found"),
    ):
        answer = inside.post(f"{POOLED}?{query}", content=ready(), headers=ACCEPT)
        refused(answer, status, code)


def test_a_selfcheck_reports_its_progress(inside: httpx.Client) -> None:
    path = "/v1/models/pooled/selfcheck"
    *steps, (name, answer) = ask(inside, "stages=2&method=gradient&method=smoothgrad", path)
    assert name == "answer"
    assert answer["passes"] == 3 * (1 + 50)
    done = [step["done"] for _, step in steps]
    assert done == sorted(done)
    assert done[-1] == answer["passes"]


def test_a_client_that_leaves_stops_the_work(inside: httpx.Client) -> None:
    url = f"{POOLED}?method=smoothgrad&samples=1900&timeout_ms=200000"
    with inside.stream("POST", url, content=ready(), headers=ACCEPT) as answer:
        name, step = next(parse(answer.iter_lines()))
        assert name == "progress"
        assert step["done"] < step["total"]
    deadline = time.monotonic() + 20
    while gauge(inside, "cutaway_inspections_pending"):
        assert time.monotonic() < deadline, "the work goes on for nobody"
        time.sleep(0.05)
    left = 'cutaway_inspections_total{kind="sensitivity",outcome="client_left"}'
    assert left in inside.get("/metrics").text


def test_a_client_that_does_not_read_holds_up_nobody(inside: httpx.Client) -> None:
    url = f"{POOLED}?method=smoothgrad&samples=600"
    with inside.stream("POST", url, content=ready(), headers=ACCEPT) as answer:
        time.sleep(1)  # the work goes on meanwhile
        other = inside.post(f"{POOLED}?method=grad-cam", content=ready())
        assert other.status_code == 200
        assert list(parse(answer.iter_lines()))[-1][0] == "answer"
