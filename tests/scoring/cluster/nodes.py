"""A real Ray cluster of several nodes on this machine, and what one does to it."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from ray.cluster_utils import Cluster

TASK = "ray::score_on_node"
"""What a worker process calls itself while it scores a shard."""

PATIENCE_SECONDS = 240

T = TypeVar("T")


class Nodes:
    """One head, which runs no task, and workers of one processor each."""

    def __init__(self, workers: int) -> None:
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "include_dashboard": False},
        )
        self._added = [
            self._cluster.add_node(num_cpus=1, include_dashboard=False) for _ in range(workers)
        ]

    @property
    def address(self) -> str:
        """As `--address` takes it."""
        return self._cluster.address

    def add(self) -> None:
        """One more node."""
        self._added.append(self._cluster.add_node(num_cpus=1, include_dashboard=False))

    def lose(self) -> None:
        """The node that was added last is lost, with whatever it was doing."""
        self._cluster.remove_node(self._added.pop(), allow_graceful=False)

    def tasks(self) -> list[int]:
        """Processes that score a shard just now."""
        raylets = [
            info.process.pid
            for node in self._cluster.list_all_nodes()
            for info in node.all_processes["raylet"]
        ]
        return [pid for raylet in raylets for pid in _scoring(raylet)]

    def kill_a_task(self) -> int:
        """SIGKILL to a worker process in the middle of a shard."""
        pid = wait_for(self.tasks)[0]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: pid not in self.tasks())
        return pid

    def kill_tasks(self) -> int:
        """The same to each that is at work just now; how many there were."""
        found = self.tasks()
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(found)

    def shutdown(self) -> None:
        """End every node."""
        self._cluster.shutdown()


@contextmanager
def start_nodes(workers: int) -> Iterator[Nodes]:
    """A cluster with so many workers."""
    with (
        # The paths of Ray's sockets have to be short.
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        Path(folder, "ray").mkdir()
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        nodes = Nodes(workers)
        try:
            yield nodes
        finally:
            nodes.shutdown()


def wait_for(look: Callable[[], T]) -> T:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing in {PATIENCE_SECONDS} s"
        time.sleep(0.02)
    return found


def _scoring(raylet: int) -> list[int]:
    """Its children that are at work."""
    found: list[int] = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(raylet).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if " ".join(child.cmdline()).startswith(TASK):
                    found.append(child.pid)
    return found
