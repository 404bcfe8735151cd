"""Processes that run a network as fast as they can, with nothing around it: what ceilings are."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal

import numpy as np

from benchmarks.plain_sessions import Provider, open_plain
from bundle.repository import Bundle
from engine.arrays import Pixels
from engine.images import ImageLimits
from engine.recipes import build_recipe

Kind = Literal["infer", "decode + infer"]


@dataclass(frozen=True, slots=True)
class Hands:
    """Processes with one session each.

    Args:
        provider: of ONNX Runtime.
        processes: side by side.
        threads: of one run.
        file: the graph.
    """

    provider: Provider
    processes: int
    threads: int
    file: str = "predict.onnx"


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to use the cores.

    Args:
        hands: the processes.
        callers: threads in each that decode and run, all on its one session.
        batch: pictures in one run.
    """

    hands: Hands
    callers: int
    batch: int

    def __str__(self) -> str:
        hands = self.hands
        return (
            f"{hands.provider}, {hands.processes} process(es) × {self.callers} caller(s) × "
            f"{hands.threads} thread(s), batch {self.batch}"
        )


@dataclass(frozen=True, slots=True)
class Pace:
    """What a layout reached.

    Args:
        per_second: pictures, of all processes.
        median_ms: of one run, with its decoding.
        cpu_ms: of CPU a picture.
    """

    per_second: float
    median_ms: float
    cpu_ms: float


class Crew:
    """Processes that wait for their next run."""

    def __init__(self, connections: list[Connection]) -> None:
        self._connections = connections

    def run(self, kind: Kind, *, callers: int, batch: int, seconds: float) -> Pace:
        """All of them at once, for this long."""
        for connection in self._connections:
            connection.send((kind, callers, batch, seconds))
        paces: list[Pace] = [connection.recv() for connection in self._connections]
        return Pace(
            sum(pace.per_second for pace in paces),
            float(np.median([pace.median_ms for pace in paces])),
            float(np.mean([pace.cpu_ms for pace in paces])),
        )


@contextmanager
def crew(bundle: Bundle, hands: Hands, jpeg: bytes) -> Iterator[Crew]:
    """Start the processes; end them."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        connections: list[Connection] = []
        for _ in range(hands.processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, bundle, hands, jpeg), daemon=True)
            process.start()
            stack.callback(process.join, 10)
            stack.callback(ours.send, None)
            connections.append(ours)
        for connection in connections:
            connection.recv()
        yield Crew(connections)


def _work(connection: Connection, bundle: Bundle, hands: Hands, jpeg: bytes) -> None:
    """A process's own loop."""
    work = _Work(bundle, hands, jpeg)
    work.run("decode + infer", 1, 1, 0.1)
    connection.send("ready")
    while (asked := connection.recv()) is not None:
        connection.send(work.run(*asked))


class _Work:
    """A session, a picture and the recipe."""

    def __init__(self, bundle: Bundle, hands: Hands, jpeg: bytes) -> None:
        spec = bundle.manifest
        self._names = [spec.output.tensor], spec.input.tensor
        self._recipe = build_recipe(spec.input, spec.preprocessing, ImageLimits())
        self._jpeg = jpeg
        self._pixels = self._recipe(jpeg)
        self._session = open_plain(
            bundle.path(hands.file), hands.provider, threads=hands.threads, streams=2
        )

    def run(self, kind: Kind, callers: int, batch: int, seconds: float) -> Pace:
        """Callers at once until the time is over; each one's last run counts with its time."""
        ready = np.repeat(self._pixels[np.newaxis], batch, axis=0)
        paces = [0.0] * callers
        times: list[list[float]] = [[] for _ in range(callers)]
        begin, cpu = time.perf_counter(), time.process_time()

        def call(index: int) -> None:
            own = times[index]
            now = started = time.perf_counter()
            while now < begin + seconds:
                self._infer(ready if kind == "infer" else self._decode(batch))
                before, now = now, time.perf_counter()
                own.append(now - before)
            paces[index] = len(own) * batch / (now - started)

        threads = [threading.Thread(target=call, args=(index,)) for index in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        runs = [run for own in times for run in own]
        cpu_seconds = time.process_time() - cpu
        return Pace(
            sum(paces),
            float(np.median(runs)) * 1000,
            cpu_seconds * 1000 / (len(runs) * batch),
        )

    def _decode(self, batch: int) -> Pixels:
        """The picture as often as it takes."""
        if batch == 1:
            return self._recipe(self._jpeg)[np.newaxis]
        return np.stack([self._recipe(self._jpeg) for _ in range(batch)])

    def _infer(self, pixels: Pixels) -> None:
        """One run."""
        self._session.run(self._names[0], {self._names[1]: pixels})
