"""Scoring jobs in a process that keeps the model open, and waits for its next job."""

import multiprocessing
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.contest import Sample
from bundle.repository import Bundle
from scoring.job import open_job
from scoring.local import run_local
from scoring.model import ModelWish
from scoring.order import Order
from scoring.outputs.places import open_output
from scoring.progress import Silence
from scoring.score import Scorer, open_scorer
from scoring.settings import InputSettings, JobSettings
from scoring.sources.planning import plan

SHARD = 100
"""Pictures: a round is a few hundred, and a job is many shards."""


class Jobs:
    """The process, seen from here."""

    def __init__(self, connection: Connection, device: str) -> None:
        self._connection = connection
        self.device = device

    def run(self, folder: Path) -> Sample:
        """Score that folder: listed, planned, read, scored, committed, counted."""
        self._connection.send(folder)
        return self._connection.recv()


@contextmanager
def jobs(bundle: Bundle, work: Path) -> Iterator[Jobs]:
    """Start the process; end it.

    Args:
        bundle: the network; every setting of the jobs is at its default.
        work: takes the outputs; each is removed when the next begins.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, bundle, work), daemon=True)
    process.start()
    try:
        yield Jobs(ours, ours.recv())
        ours.send(None)
    finally:
        process.join(10)


def _work(connection: Connection, bundle: Bundle, work: Path) -> None:
    """The process's own loop."""
    models, output = bundle.folder.parents[1].absolute(), work / "output"
    wish = ModelWish(f"{bundle.manifest.name}:{bundle.manifest.version}")
    nowhere = InputSettings(location=str(work), shard_pictures=SHARD)
    settings = Order(nowhere, str(output), models, wish).settle(None)
    scorer = open_scorer(settings, models)
    connection.send(f"{settings.model.device} in {settings.model.precision}")
    while (folder := connection.recv()) is not None:
        shutil.rmtree(output, ignore_errors=True)
        given = settings.input.model_copy(update={"location": str(folder)})
        connection.send(_time(settings.model_copy(update={"input": given}), scorer, output))


def _time(settings: JobSettings, scorer: Scorer, output: Path) -> Sample:
    """One job from nothing to its end, in the numbers that are compared."""
    begin, cpu = time.perf_counter(), time.process_time()
    place = open_output(str(output))
    with place.hold():
        job = open_job(place, settings, plan=lambda: plan(settings.input))
        run_local(job, scorer, threads=0, progress=Silence(), stop=threading.Event())
        job.finish()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
    pictures = job.pictures
    each_ms = seconds * 1000 / pictures
    return Sample(pictures / seconds, each_ms, each_ms, cpu_seconds * 1000 / pictures)
