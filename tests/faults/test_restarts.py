"""SIGTERM, and a rolling restart behind a balancer that obeys readiness."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.arrays import LARGE, LARGE_ANSWER, NPY, ready_pictures
from tests.faults.balancer import Balancer
from tests.faults.conftest import Record, Starter
from tests.faults.load import PREDICT, Load
from tests.faults.sockets import OK, Connection
from tests.service.conftest import encode, picture

pytestmark = pytest.mark.faults


def test_a_rolling_restart_behind_a_balancer_fails_nobody(
    start: Starter, models: Path, record: Record
) -> None:
    settings = {"CUTAWAY_MODELS": str(models), "CUTAWAY_DRAIN_SECONDS": "3"}
    servers = [start(**settings) for _ in range(2)]
    with (
        Balancer(*(server.url for server in servers)) as balancer,
        Load(balancer.url, timeout=120) as load,
    ):
        load.wait_for(200)
        for server in servers:
            assert server.stop() == 0
            load.wait_for(50)
            start(port=urlsplit(server.url).port, **settings)
            load.wait_for(200)
    record("rolling restart of two servers behind a balancer", load.books)
    assert load.books.failures == []
    assert load.books.answered == load.books.sent


def test_sigterm_answers_while_it_drains_then_refuses_and_finishes_what_has_begun(
    start: Starter, models: Path, record: Record
) -> None:
    server = start(CUTAWAY_MODELS=str(models), CUTAWAY_DRAIN_SECONDS="5")
    body = encode(picture(0))
    with (
        Connection(server.url) as begun,
        ThreadPoolExecutor(1) as background,
        Load(server.url) as load,
    ):
        begun.begin(PREDICT, body, sent=100)
        load.wait_for(100)
        ending = background.submit(server.stop)
        while (ready := httpx.get(f"{server.url}/readyz")).is_success:
            assert not ending.done()
        assert (ready.status_code, ready.json()["error"]["code"]) == (503, "draining")
        load.wait_for(16)  # the balancer may not have noticed yet
        assert httpx.get(f"{server.url}/livez").is_success
        load.stop_at_refusal()
        assert not ending.done(), "it did not wait for what had begun"
        begun.send(body[100:])
        assert begun.read().startswith(OK)
        assert ending.result() == 0
    record("SIGTERM; 8 clients come back until they are refused", load.books)
    assert load.books.failures == []
    assert load.books.answered + 8 == load.books.sent
    assert "Traceback" not in server.log.read_text()


def test_a_client_that_never_reads_does_not_hold_up_the_end(start: Starter, models: Path) -> None:
    server = start(
        CUTAWAY_MODELS=str(models),
        CUTAWAY_MAX_IMAGES=str(LARGE),
        CUTAWAY_FINISH_SECONDS="1",
        CUTAWAY_ANSWER_TIMEOUT_SECONDS="600",
    )
    array = ready_pictures(LARGE)
    with Connection(server.url, receive_bytes=4096) as deaf:
        deaf.begin(LARGE_ANSWER, array, sent=len(array), media_type=NPY)
        deaf.wait_for_answer()
        assert server.stop() == 0
    assert "1 requests are not finished after 1 s and are cut off" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()
