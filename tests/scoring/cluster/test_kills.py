"""Whatever dies on a cluster, the job ends as one that was left alone."""

import random
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from tests.scoring.cluster.conftest import PICTURES, SHARD, Task
from tests.scoring.cluster.nodes import Nodes, wait_for
from tests.scoring.command import start
from tests.scoring.conftest import Scoring
from tests.scoring.killing import count_parts
from tests.scoring.results import check_complete, digests, everything

END_SECONDS = 300
SHARDS = PICTURES // SHARD


@pytest.fixture
def begin(nodes: Nodes, slow_job: Task, tmp_path: Path) -> "Begin":
    return Begin(nodes, slow_job, tmp_path)


class Begin:
    """Starts the driver of the slow job; several times, where it was ended."""

    def __init__(self, nodes: Nodes, job: Task, folder: Path) -> None:
        self.output = folder / "output"
        self.log = folder / "log"
        self._expected = job.expected
        self._arguments = (*job.arguments, self.output, "--engine", "ray")
        self._address = nodes.address

    def __call__(self) -> subprocess.Popen[bytes]:
        return start(*self._arguments, "--address", self._address, log=self.log)

    def finish(self, driver: subprocess.Popen[bytes]) -> None:
        """Wait for its end, and assert that the output is what it has to be."""
        assert driver.wait(END_SECONDS) == 0, self.log.read_text()[-4000:]
        check_complete(self.output, PICTURES)
        assert digests(self.output) == digests(self._expected)
        assert "Traceback" not in self.log.read_text()


def test_killed_workers_change_no_byte(nodes: Nodes, begin: Begin) -> None:
    driver = begin()
    killed = {nodes.kill_a_task() for _ in range(3)}
    assert len(killed) == 3
    begin.finish(driver)


def test_a_killed_driver_is_made_good_by_the_next(nodes: Nodes, begin: Begin) -> None:
    driver = begin()
    wait_for(lambda: count_parts(begin.output) >= 3)
    driver.kill()
    driver.wait()
    assert count_parts(begin.output) < SHARDS
    begin.finish(begin())
    wait_for(lambda: not nodes.tasks())


def test_a_lost_node_changes_no_byte(nodes: Nodes, begin: Begin) -> None:
    nodes.add()
    driver = begin()
    wait_for(lambda: len(nodes.tasks()) == 3)
    nodes.lose()
    begin.finish(driver)


@pytest.mark.faults
def test_a_job_without_a_node_waits_for_one(nodes: Nodes, begin: Begin) -> None:
    nodes.lose()
    nodes.lose()
    driver = begin()
    wait_for((begin.output / "_plan.arrow").exists)
    nodes.add()
    nodes.add()
    begin.finish(driver)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.faults)],
)
def test_a_signal_finishes_what_runs_and_begins_nothing(
    nodes: Nodes, begin: Begin, number: signal.Signals, code: int
) -> None:
    driver = begin()
    wait_for(lambda: count_parts(begin.output) >= 2)
    driver.send_signal(number)
    assert driver.wait(60) == code
    assert not nodes.tasks(), "what ran was not finished"
    names = set(everything(begin.output))
    assert "_SUCCESS" not in names
    assert len([name for name in names if name.startswith("part-")]) < SHARDS
    assert not any(name.startswith(".") for name in names), "something half-written is left"
    begin.finish(begin())


def test_two_drivers_exclude_each_other(
    nodes: Nodes, begin: Begin, slow_job: Task, run_scoring: Scoring
) -> None:
    driver = begin()
    wait_for(nodes.tasks)
    other = run_scoring(*slow_job.arguments, begin.output)
    assert other.returncode == 1
    assert other.stderr.startswith("error: another run")
    begin.finish(driver)


def is_at_work_or_over(nodes: Nodes, driver: subprocess.Popen[bytes]) -> bool:
    return driver.poll() is not None or bool(nodes.tasks())


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_chaos_changes_no_byte(nodes: Nodes, begin: Begin) -> None:
    """Workers, drivers and nodes die at random moments; then the job is left to finish."""
    kills = 0
    dice = random.Random(5)  # noqa: S311  moments, no secret
    nodes.add()
    driver = begin()
    for round_ in range(24):
        time.sleep(dice.uniform(0, 0.5))
        wait_for(partial(is_at_work_or_over, nodes, driver))
        if driver.poll() is not None:
            break
        if round_ % 8 == 5:
            driver.kill()
            driver.wait()
            driver = begin()
        elif round_ % 8 == 7:
            nodes.lose()
            nodes.add()
        else:
            kills += nodes.kill_tasks()
    begin.finish(driver)
    nodes.lose()
    print(f"\n{kills} workers were killed")
    assert kills >= 3
