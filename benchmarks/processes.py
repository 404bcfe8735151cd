"""A server's whole tree of processes: CPU time and memory."""

from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Memory:
    """What a tree holds, in bytes of PSS: pages that processes share are divided among them.

    Args:
        tree: all processes together.
        largest: the largest one alone, which is a worker.
    """

    tree: int
    largest: int


def cpu_seconds(pid: int) -> float:
    """User and system time of the processes alive in this tree, with their ended children's."""
    total = 0.0
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def memory(pid: int) -> Memory:
    """The tree's memory now."""
    held: list[int] = []
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            held.append(process.memory_full_info().pss)
    return Memory(sum(held), max(held, default=0))


def tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
