"""The journal around every request, by itself."""

import asyncio
import logging

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from service.journal import Journal
from service.metrics import Metrics


async def broken(*_: object) -> None:
    raise RuntimeError("secret: the stack's own words")


def ask(app: ASGIApp, **headers: str) -> httpx.Response:
    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/secret-path?secret=1", headers=headers)

    return asyncio.run(one())


def test_what_nobody_expected_is_500_without_internals(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    answer = ask(Journal(broken, metrics), **{"X-Request-ID": "abc"})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert answer.headers["x-request-id"] == "abc"
    assert "abc" in answer.json()["error"]["message"]
    assert "secret" not in answer.text
    assert "secret: the stack's own words" in caplog.text
    assert 'status="500"' in metrics.render().decode()


def test_the_log_has_no_path_and_no_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "cutaway")
    ask(Journal(PlainTextResponse("fine"), Metrics()))
    [record] = caplog.records
    assert "GET unmatched 200" in record.getMessage()
    assert "secret" not in caplog.text


def test_every_new_request_id_is_another() -> None:
    app = Journal(PlainTextResponse("fine"), Metrics())
    assert len({ask(app).headers["x-request-id"] for _ in range(10)}) == 10
