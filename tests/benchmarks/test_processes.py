import os
import subprocess
import sys
import time

import pytest

from benchmarks.processes import at_work, cpu_seconds, memory, resume, tree

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "held = bytearray(60_000_000)\\n"
    "for index in range(0, len(held), 4096): held[index] = 1\\n"
    "print('ready', flush=True)\\ninput()"])
child.wait()
"""


def test_memory_and_time_are_of_all_descendants() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        held = memory(process.pid)
        assert len(tree(process.pid)) == 2
        assert 60_000_000 < held.largest < held.tree
        assert cpu_seconds(process.pid) > 0
        process.communicate("\n")


def test_a_process_that_has_ended_takes_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert tree(process.pid) == []
    assert cpu_seconds(process.pid) == 0
    assert memory(process.pid).tree == 0


def test_our_own_time_grows() -> None:
    before = cpu_seconds(os.getpid())
    sum(index * index for index in range(2_000_000))
    assert cpu_seconds(os.getpid()) > before
    assert cpu_seconds(os.getpid()) == pytest.approx(before, abs=30)


def test_who_is_not_at_work_takes_no_time() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with at_work(process.pid):
            time.sleep(0.3)
        at_rest = cpu_seconds(process.pid)
        time.sleep(0.3)
        assert cpu_seconds(process.pid) == at_rest
        resume(process.pid)
        while cpu_seconds(process.pid) == at_rest:
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
