"""What a task needs, and how many of them the cluster can have at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import ray
from ray.exceptions import RayError

from scoring.errors import ClusterError, SettingsError

GPU_DEVICES = ("cuda", "tensorrt")

GPU_THREADS = 4
"""Of a task on a GPU, where no node has one yet that says how many processors go with it."""

LOOK_SECONDS = 2.0
"""Between two looks at the nodes, which come and go."""

NODES_SECONDS = 600.0
"""That a job waits for its first node, or for another one after all were lost: a cluster that grows
by itself starts machines only when somebody waits for them."""


@dataclass(frozen=True, slots=True)
class Node:
    """One machine of the cluster: its processors and GPUs, as Ray counts them."""

    processors: int
    gpus: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What one task takes of a node while it scores a shard."""

    processors: int
    gpus: int

    def slots(self, nodes: list[Node]) -> int:
        """How many tasks run at a time."""
        return sum(self._slots(node) for node in nodes)

    def _slots(self, node: Node) -> int:
        """The same, of one node."""
        fit = node.processors // self.processors
        return min(fit, node.gpus // self.gpus) if self.gpus else fit

    def __str__(self) -> str:
        return describe(Node(self.processors, self.gpus))


class Room:
    """How many tasks are handed to the cluster: so many that none of it is idle, and no more."""

    def __init__(
        self,
        demand: Demand,
        *,
        grows: bool,
        nodes_seconds: float = NODES_SECONDS,
        look: Callable[[], list[Node]] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Look at no node yet.

        Args:
            demand: of a task.
            grows: whether nodes may come that are not there yet.
            nodes_seconds: to wait for one, where none can run a task.
            look: at the nodes that are there; the default asks the cluster.
            clock: in seconds.
        """
        self._demand = demand
        self._patience_seconds = nodes_seconds if grows else 0.0
        self._slots = 0
        self._looked = float("-inf")
        self._look = look or list_nodes
        self._clock = clock
        self._useful = clock()

    def tasks(self, *, running: int) -> int:
        """Tasks that the cluster may have now: the next one for each that runs waits there already.

        Args:
            running: tasks that run; while there are any, nothing is said of missing nodes.

        Raises:
            ClusterError: no node has been able to run a task for too long.
        """
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            nodes = self._look()
            self._slots = self._demand.slots(nodes)
            if self._slots or running:
                self._useful = now
            elif now - self._useful >= self._patience_seconds:
                have = "; ".join(map(describe, nodes)) or "none"
                raise ClusterError(
                    f"a task needs {self._demand} of one node, and no node has that: {have}"
                )
        return 2 * self._slots or 1  # one that waits is what makes a cluster grow


def list_nodes() -> list[Node]:
    """The machines that are alive, largest first.

    Raises:
        ClusterError: the cluster does not answer.
    """
    try:
        found = ray.nodes()
    except (RayError, ConnectionError, RuntimeError) as error:
        raise ClusterError(
            "the cluster no longer answers; the same command goes on where this one stopped"
        ) from error
    resources = (node["Resources"] for node in found if node["Alive"])
    nodes = [Node(int(have.get("CPU", 0)), int(have.get("GPU", 0))) for have in resources]
    return sorted(nodes, key=lambda node: (node.gpus, node.processors), reverse=True)


def demand_of(device: str, threads: int, nodes: list[Node]) -> Demand:
    """What a task takes.

    Args:
        device: of the job.
        threads: that the user asked for; 0 takes one processor, or the share of a node's
            processors that goes with each of its GPUs.
        nodes: of the cluster.

    Raises:
        SettingsError: a GPU that is not the first: each task sees its own alone, as the first.
    """
    kind, _, number = device.partition(":")
    if kind not in GPU_DEVICES:
        return Demand(threads or 1, 0)
    if number not in ("", "0"):
        raise SettingsError(
            f"the cluster gives every task a GPU of its own: expected --device {kind}, "
            f"received {device}"
        )
    shares = [node.processors // node.gpus for node in nodes if node.gpus]
    return Demand(threads or max(1, min(shares, default=GPU_THREADS)), 1)


def describe(node: Node) -> str:
    """`4 processors and 1 GPU`."""
    words = f"{node.processors} processor{'s' * (node.processors != 1)}"
    gpus = f"{node.gpus} GPU{'s' * (node.gpus != 1)}"
    return f"{words} and {gpus}" if node.gpus else words
