"""Two processes that look after each other: who cannot start, and who is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from service.loading import StartupError
from service.supervision import start_or_give_up, supervised
from tests.servers import ROOT

SUPERVISOR = """
import signal, subprocess, sys, time
from service.supervision import become_supervisor
become_supervisor()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # an orderly end, as BentoML's
worker = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(worker.pid, flush=True)
time.sleep(60)
"""
FAILING = """
from service.loading import StartupError
from service.supervision import start_or_give_up
with start_or_give_up():
    raise {error}("there is nothing to serve")
"""
WORKING = """
import time
from service.supervision import end_with_supervisor
end_with_supervisor()
print("works", flush=True)
time.sleep(60)
"""


def supervise(worker: str) -> subprocess.Popen[str]:
    """A supervisor with one worker of this code."""
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, worker],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def working() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A supervisor whose worker works, and that one's process id."""
    with supervise(WORKING) as supervisor:
        assert supervisor.stdout
        worker = int(supervisor.stdout.readline())
        assert supervisor.stdout.readline() == "works\n"
        yield supervisor, worker
        for pid in (worker, supervisor.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_a_worker_that_cannot_start_ends_its_supervisor_in_one_sentence() -> None:
    with supervise(FAILING.format(error="StartupError")) as supervisor:
        _, words = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 1
    assert words == "error: there is nothing to serve\n"


def test_a_worker_with_a_fault_of_ours_ends_it_too_and_says_where() -> None:
    with supervise(FAILING.format(error="ZeroDivisionError")) as supervisor:
        _, words = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 1
    assert "Traceback" in words
    assert "ZeroDivisionError: there is nothing to serve" in words


def test_a_supervisor_that_is_killed_takes_its_worker_along(
    working: tuple[subprocess.Popen[str], int],
) -> None:
    supervisor, worker = working
    supervisor.kill()
    supervisor.wait()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{worker}/cmdline").exists():
        if "State:\tZ" in Path(f"/proc/{worker}/status").read_text():
            break
        assert time.monotonic() < deadline, "the worker goes on alone"
        time.sleep(0.05)


def test_without_a_supervisor_nobody_is_signalled_and_the_error_is_raised() -> None:
    assert not supervised()
    with pytest.raises(StartupError, match="nothing"), start_or_give_up():
        raise StartupError("nothing to serve")
