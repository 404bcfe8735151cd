"""What holds of every place for results."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from scoring.errors import BusyError, OutputError
from scoring.outputs.output import Output
from tests.scoring.command import clean_environment
from tests.scoring.outputs.quick import reopen
from tests.servers import ROOT

HOLDING = """
import sys, time
from tests.scoring.outputs.quick import reopen
with reopen(sys.argv[1]).hold():
    print("held", flush=True)
    time.sleep(600)
"""


def test_what_is_committed_is_there_whole(output: Output) -> None:
    data = os.urandom(300_000)
    assert output.commit("part-000000.parquet", data)
    assert output.read("part-000000.parquet") == data
    assert output.names() == {"part-000000.parquet"}


def test_a_view_of_a_file_is_committed_like_bytes(output: Output) -> None:
    assert output.commit("_plan.arrow", memoryview(b"planned")[2:])
    assert output.read("_plan.arrow") == b"anned"


def test_an_empty_file_can_be_committed(output: Output) -> None:
    assert output.commit("_SUCCESS", b"")
    assert output.read("_SUCCESS") == b""


def test_a_taken_name_keeps_its_content(output: Output) -> None:
    assert output.commit("part-000000.parquet", b"the first")
    assert not output.commit("part-000000.parquet", b"the second")
    assert output.read("part-000000.parquet") == b"the first"


def test_what_changes_is_replaced(output: Output) -> None:
    output.replace("_job.json", b"unfinished")
    output.replace("_job.json", b"done")
    assert output.read("_job.json") == b"done"
    assert output.names() == {"_job.json"}


def test_a_name_that_is_not_there_reads_as_nothing(output: Output) -> None:
    assert output.read("_job.json") is None
    assert output.names() == set()


def test_a_large_file_is_read_where_it_is_wanted(output: Output) -> None:
    data = os.urandom(5_000_000)
    output.commit("part-000000.parquet", data)
    with output.open("part-000000.parquet") as stream:
        assert stream.seek(-8, os.SEEK_END) == len(data) - 8
        assert stream.read(8) == data[-8:]
        assert stream.read(1) == b""
        stream.seek(1_234_567)
        assert stream.read(1000) == data[1_234_567:1_235_567]
        assert stream.tell() == 1_235_567


def test_a_file_that_is_not_there_cannot_be_opened(output: Output) -> None:
    with pytest.raises(OutputError, match=r"part-000000|no such place"):
        output.open("part-000000.parquet")


def test_of_many_writers_of_one_name_one_has_it(output: Output) -> None:
    contents = [bytes([number]) * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda data: output.commit("part-000000.parquet", data), contents))
    assert sum(won) == 1
    assert output.read("part-000000.parquet") == contents[won.index(True)]
    assert output.names() == {"part-000000.parquet"}


def test_while_one_run_holds_it_another_is_told_who_does(output: Output) -> None:
    with output.hold(), pytest.raises(BusyError) as refused, again(output).hold():
        pytest.fail("both held it")
    words = str(refused.value)
    assert f"process {os.getpid()} on {socket.gethostname()}, since 20" in words
    assert words.endswith(f"is at work on {output.location}; wait until it has ended, or stop it")


def test_once_it_is_left_the_next_run_holds_it(output: Output) -> None:
    for _ in range(3):
        with output.hold():
            output.replace("_job.json", b"{}")
            assert output.names() == {"_job.json"}, "the lock is nobody's business"


def test_it_is_left_when_the_run_fails(output: Output) -> None:
    with pytest.raises(ValueError, match="unforeseen"), output.hold():
        raise ValueError("unforeseen")
    with output.hold():
        pass


def test_of_many_runs_at_a_time_one_holds_it(output: Output) -> None:
    spans: list[tuple[str, int]] = []

    def try_to_hold(number: int) -> bool:
        try:
            with again(output).hold():
                spans.append(("held", number))
                time.sleep(0.01)
                spans.append(("left", number))
                return True
        except BusyError:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert any(pool.map(try_to_hold, range(6)))
    for held, left in zip(spans[::2], spans[1::2], strict=True):
        assert (held[0], left[0]) == ("held", "left")
        assert held[1] == left[1], "two held it at once"


def test_a_killed_run_holds_nothing(output: Output) -> None:
    with holding_process(output) as process:
        with pytest.raises(BusyError, match=f"process {process.pid} on"), output.hold():
            pytest.fail("both held it")
        process.send_signal(signal.SIGKILL)
        process.wait()
        with output.hold():
            pass


def test_what_is_not_waited_for_is_dead_too(output: Output) -> None:
    """A supervisor that was killed with its run leaves it without anybody who waits for it."""
    with holding_process(output) as process:
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still listed
        with output.hold():
            pass


def again(output: Output) -> Output:
    """The same place, as another process opens it."""
    return reopen(output.location)


@contextmanager
def holding_process(output: Output) -> Iterator[subprocess.Popen[str]]:
    """Another process, that holds it."""
    command = [sys.executable, "-c", HOLDING, output.location]
    with subprocess.Popen(
        command, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()
