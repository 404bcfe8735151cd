"""A server's whole tree of processes: CPU time, memory, and whether it runs."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def at_work(pid: int) -> Iterator[None]:
    """The tree runs; afterwards it is stopped, until it is at work again or `resume` wakes it.

    Not every server rests while nobody asks it: LitServe with batching uses .4 to .5 of a core, of
    which every other contender was deprived.
    """
    resume(pid)
    try:
        yield
    finally:
        for process in tree(pid):
            with suppress(psutil.NoSuchProcess):
                process.suspend()


def resume(pid: int) -> None:
    """Let the tree go on, if it was stopped."""
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess):
            process.resume()


def tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
