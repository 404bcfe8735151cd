"""The log as JSON."""

import json
import logging
import sys
import time
from datetime import datetime

from service.json_lines import JsonLines
from tests.service.guards.guarded import Guarded


def line_of(guarded: Guarded, request_id: str) -> dict:
    """The line of that request, once it is written."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for line in guarded.server.log.read_text().splitlines():
            if request_id in line:
                return json.loads(line)
        time.sleep(0.05)
    raise AssertionError("no such line")


def test_every_request_is_a_line_of_facts(guarded: Guarded, pictures: tuple[bytes, ...]) -> None:
    with guarded.client("predict") as client:
        client.post(
            "/v1/models/colours/predict?top_k=2",
            content=pictures[0],
            headers={"X-Request-ID": "the-one-with-a-picture"},
        )
    line = line_of(guarded, "the-one-with-a-picture")
    assert datetime.fromisoformat(line.pop("time")).tzinfo
    assert line.pop("duration_ms") > 0
    assert line.pop("message").startswith("POST /v1/models/{model}/predict 200")
    assert line == {
        "level": "info",
        "logger": "cutaway",
        "method": "POST",
        "route": "/v1/models/{model}/predict",
        "status": 200,
        "request_id": "the-one-with-a-picture",
        "client": "127.0.0.1",
        "key": "predict",
    }


def test_a_refused_request_is_a_line_without_what_it_said(guarded: Guarded) -> None:
    with guarded.client("predict") as client:
        headers = {"X-Request-ID": "refused-one", "Authorization": "Bearer stolen-token"}
        client.post("/v1/secret-path?secret=query", headers=headers)
    line = line_of(guarded, "refused-one")
    assert (line["status"], line["route"], line["key"]) == (401, "unmatched", None)
    log = guarded.server.log.read_text()
    for secret in ("secret", "stolen-token", *guarded.tokens.values()):
        assert secret not in log


def test_a_failure_has_its_traceback_in_the_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("cutaway", logging.ERROR, "x", 1, "failed: %s", ("\ud800",), error)
    text = JsonLines().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert line["level"] == "error"
    assert "ValueError: two\nlines" in line["exception"]
