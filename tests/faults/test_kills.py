"""A process that is killed is replaced, or takes the others along: nothing stays half alive."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.conftest import Record, Starter
from tests.faults.load import PREDICT, Load
from tests.faults.sockets import OK, Connection
from tests.servers import Server, free_port, wait_until_ready
from tests.service.conftest import encode, picture

pytestmark = pytest.mark.faults

CLIENTS = 8
NOTICE_SECONDS = 60
"""BentoML looks after its worker every ten seconds; this machine may be busy."""


def wait_until(check: Callable[[], bool], server: Server) -> None:
    """Fail with the server's own words if it does not come true."""
    deadline = time.monotonic() + NOTICE_SECONDS
    while not check():
        assert time.monotonic() < deadline, server.log.read_text()[-4000:]
        time.sleep(0.05)


def listens(server: Server) -> bool:
    """Whether a connection to its port is taken."""
    url = urlsplit(server.url)
    with socket.socket() as probe:
        return probe.connect_ex((url.hostname or "", url.port or 0)) == 0


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def kill_worker(server: Server) -> int:
    """SIGKILL to the only worker; its process id."""
    [worker] = server.workers()
    os.kill(worker, signal.SIGKILL)
    return worker


def test_a_killed_worker_is_replaced_and_costs_what_it_had_in_flight(
    start: Starter, models: Path, record: Record
) -> None:
    server = start(CUTAWAY_MODELS=str(models), CUTAWAY_GRPC_PORT=str(free_port()))
    with Load(server.url, clients=CLIENTS, timeout=120) as load:
        load.wait_for(200)
        killed = kill_worker(server)
        wait_until(lambda: server.workers() not in ([], [killed]), server)
        wait_until_ready(server.url, words=server.log.read_text)
        load.wait_for(200)
    record("kill −9 of the worker, 8 clients", load.books)
    assert len(load.books.failures) <= CLIENTS, load.books.failures
    assert load.books.answered + len(load.books.failures) == load.books.sent


def test_in_a_container_a_killed_worker_ends_the_service_with_an_exit_code(
    start: Starter, models: Path
) -> None:
    """BentoML replaces no worker there: the container's own supervisor starts it again."""
    server = start(CUTAWAY_MODELS=str(models), BENTOML_CONTAINERIZED="true")
    kill_worker(server)
    assert server.process.wait(timeout=NOTICE_SECONDS) not in (0, None)
    assert not listens(server)


def test_a_worker_that_cannot_start_again_ends_the_service_in_one_sentence(
    start: Starter, models: Path
) -> None:
    server = start(CUTAWAY_MODELS=str(models))
    before = len(server.log.read_text())
    shutil.rmtree(models)
    kill_worker(server)
    assert server.process.wait(timeout=NOTICE_SECONDS) == 1
    words = server.log.read_text()[before:]
    assert "Traceback" not in words
    assert len([line for line in words.splitlines() if line.startswith("error: ")]) == 1
    assert not listens(server)


def test_a_killed_supervisor_takes_its_worker_along(
    start: Starter, models: Path, record: Record
) -> None:
    server = start(CUTAWAY_MODELS=str(models), CUTAWAY_DRAIN_SECONDS="2")
    [worker] = server.workers()
    body = encode(picture(0))
    with Connection(server.url) as begun, Load(server.url, clients=CLIENTS) as load:
        begun.begin(PREDICT, body, sent=100)
        load.wait_for(100)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        load.wait_for(10)
        load.stop_at_refusal()
        begun.send(body[100:])
        assert begun.read().startswith(OK)
    record("kill −9 of the supervisor, the worker drains", load.books)
    wait_until(lambda: not alive(worker), server)
    assert not listens(server), "the port is still held"
    assert load.books.failures == []


def test_what_is_gone_is_gone_for_a_client_too(start: Starter, models: Path) -> None:
    """No request hangs on a service that has ended."""
    server = start(CUTAWAY_MODELS=str(models))
    assert server.stop() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/readyz", timeout=5)
