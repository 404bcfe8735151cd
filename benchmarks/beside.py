"""What the cache of inspection sessions costs those who only predict, and how much it holds."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.report import Line, ratio_line
from benchmarks.rounds import interleave, ratios
from bundle.manifest import Manifest
from bundle.repository import INSPECT, Bundle
from engine.arrays import Pixels
from engine.classifier import Classifier
from engine.inspector import INPUT, Inspector
from engine.targets import ClassTarget

CAPACITY = 8
MAX_BYTES = 512_000_000
MORE = 12
"""Sets of layers asked for beyond the capacity, so that the cache must drop some."""
NOISE = 0.03
"""As far as two processes that do the same are from 1 on a shared machine."""


@dataclass(frozen=True, slots=True)
class Account:
    """A process's memory beside the cache's own account, in bytes."""

    before: int
    full: int
    later: int
    held: int
    held_later: int
    kept: int


def measure_beside(bundle: Bundle, pixels: Pixels, rounds: int) -> list[Line]:
    """Two processes predict in turn: one has never inspected, the other has a full cache."""
    with _process(bundle, pixels, full=False) as plain, _process(bundle, pixels, full=True) as full:
        works = {"plain": lambda: _ask(plain, "predict"), "full": lambda: _ask(full, "predict")}
        times = interleave(works, rounds=rounds)
        account = _ask(full, "account")
    times["cpu"] = {name: [0.0] * rounds for name in works}  # the work is in other processes
    ratio = ratios(times, "plain")["full"]
    line = ratio_line("a prediction while the inspection cache is full", ratio)
    unharmed = ratio.low <= 1 or ratio.median <= 1 + NOISE  # a faster one is luck, and no cost
    if not isinstance(account, Account):
        raise TypeError(f"expected an account, received {account!r}")
    return [Line(line.what, line.value, "", "1.0 ± noise", unharmed), *_memory(account)]


def _memory(account: Account) -> Iterator[Line]:
    """The cache's memory in words."""
    grown, later = account.full - account.before, account.later - account.before
    yield Line(
        "memory of the full cache",
        f"{grown / 1e6:.0f} MB more resident; by its own account {account.held / 1e6:.0f} MB",
    )
    yield Line(
        f"after {MORE} further sets of layers",
        f"{later / 1e6:.0f} MB more resident; by its own account "
        f"{account.held_later / 1e6:.0f} MB in {account.kept} sessions",
        "",
        f"≤ {CAPACITY} sessions, ≤ {MAX_BYTES / 1e6:.0f} MB",
        account.kept <= CAPACITY and account.held_later <= MAX_BYTES,
    )


def _ask(connection: Connection, what: str) -> object:
    """One question to a process, and its answer."""
    connection.send(what)
    return connection.recv()


@contextmanager
def _process(bundle: Bundle, pixels: Pixels, *, full: bool) -> Iterator[Connection]:
    """A process that predicts when asked."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_work, args=(theirs, bundle, pixels, full))
    process.start()
    try:
        if ours.recv() != "ready":
            raise RuntimeError("the process did not start")
        yield ours
    finally:
        ours.send("end")
        process.join(timeout=60)


def _work(connection: Connection, bundle: Bundle, pixels: Pixels, full: bool) -> None:
    """The process's own loop."""
    classifier = Classifier(bundle)
    inspector = Inspector(
        bundle.path(INSPECT), bundle.manifest, capacity=CAPACITY, max_bytes=MAX_BYTES
    )
    for _ in range(3):
        classifier.predict(pixels)
    before = _resident_bytes()
    if full:
        _fill(inspector, pixels, 0, CAPACITY)
    after, held = _resident_bytes(), inspector.sessions.held_bytes
    connection.send("ready")
    while (asked := connection.recv()) != "end":
        if asked == "predict":
            classifier.predict(pixels)
            connection.send("done")
        else:
            _fill(inspector, pixels, CAPACITY, CAPACITY + MORE)
            kept = len(inspector.sessions.kept)
            later = _resident_bytes()
            held_later = inspector.sessions.held_bytes
            connection.send(Account(before, after, later, held, held_later, kept))


def _fill(inspector: Inspector, pixels: Pixels, begin: int, end: int) -> None:
    """Ask for sets of layers that differ: every other one also for a gradient of the input."""
    paths = _spatial(inspector.manifest)
    for index in np.linspace(0, len(paths) - 1, CAPACITY + MORE).astype(int)[begin:end]:
        if index % 2:
            inspector.sensitivity(pixels, ClassTarget(), [INPUT, paths[index]])
        else:
            inspector.activations(pixels, [paths[index], inspector.manifest.layers[-1].path])


def _spatial(manifest: Manifest) -> list[str]:
    """Layers with a gradient, in the order of computation, the deepest first."""
    return [layer.path for layer in reversed(manifest.layers) if layer.differentiable]


def _resident_bytes() -> int:
    """This process's resident memory, once the allocator has settled."""
    time.sleep(0.2)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
