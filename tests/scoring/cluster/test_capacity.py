"""What a task takes of a node, and how many of them a cluster runs at a time."""

import pytest

from scoring.cluster.capacity import LOOK_SECONDS, Demand, Node, Room, demand_of
from scoring.errors import ClusterError, SettingsError
from tests.scoring.cluster.clock import Clock


@pytest.mark.parametrize(
    ("demand", "nodes", "slots"),
    [
        (Demand(1, 0), [Node(4, 0), Node(2, 0), Node(0, 0)], 6),
        (Demand(3, 0), [Node(4, 0), Node(2, 0), Node(7, 0)], 3),
        (Demand(4, 1), [Node(16, 2), Node(64, 0), Node(2, 1)], 2),
        (Demand(1, 0), [], 0),
    ],
)
def test_a_task_fits_into_one_node(demand: Demand, nodes: list[Node], slots: int) -> None:
    assert demand.slots(nodes) == slots


@pytest.mark.parametrize("device", ["cpu", "openvino"])
def test_on_processors_a_task_takes_one_or_what_was_asked_for(device: str) -> None:
    assert demand_of(device, 0, [Node(8, 0)]) == Demand(1, 0)
    assert demand_of(device, 3, [Node(8, 0)]) == Demand(3, 0)


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "tensorrt:0"])
def test_a_gpu_comes_with_its_share_of_the_nodes_processors(device: str) -> None:
    nodes = [Node(64, 0), Node(16, 2), Node(6, 1)]
    assert demand_of(device, 0, nodes) == Demand(6, 1)
    assert demand_of(device, 2, nodes) == Demand(2, 1)
    assert demand_of(device, 0, [Node(4, 0)]).gpus == 1


def test_a_numbered_gpu_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"--device cuda, received cuda:1"):
        demand_of("cuda:1", 0, [Node(8, 4)])


def test_for_each_task_that_runs_another_one_waits() -> None:
    assert Room(Demand(1, 0), grows=True, look=lambda: [Node(4, 0)]).tasks(running=0) == 8


def test_nodes_that_come_and_go_are_seen() -> None:
    nodes, clock = [Node(4, 0)], Clock()
    room = Room(Demand(2, 0), grows=True, look=lambda: nodes, clock=clock)
    assert room.tasks(running=0) == 4
    nodes.append(Node(2, 0))
    clock.now += LOOK_SECONDS
    assert room.tasks(running=2) == 6
    nodes.clear()
    clock.now += LOOK_SECONDS
    assert room.tasks(running=0) == 1, "one that waits makes a cluster grow"


def test_a_cluster_that_grows_is_waited_for() -> None:
    clock = Clock()
    room = Room(Demand(4, 1), grows=True, nodes_seconds=60, look=lambda: [Node(8, 0)], clock=clock)
    assert room.tasks(running=0) == 1
    clock.now += 59
    assert room.tasks(running=0) == 1
    clock.now += 2
    with pytest.raises(ClusterError, match=r"4 processors and 1 GPU.*8 processors"):
        room.tasks(running=0)


def test_a_machine_that_does_not_suffice_is_said_at_once() -> None:
    room = Room(Demand(4, 0), grows=False, look=lambda: [Node(2, 0)])
    with pytest.raises(ClusterError, match="no node has that: 2 processors"):
        room.tasks(running=0)
