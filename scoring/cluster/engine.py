"""`--engine ray`: a job's shards, spread over a cluster."""

import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from scoring.cluster.backlog import Backlog
from scoring.cluster.capacity import Room, demand_of, list_nodes
from scoring.cluster.connection import connect, parse_address
from scoring.cluster.flights import Cancelled, Event, Flights, Lost
from scoring.cluster.task import Assignment, Done
from scoring.errors import ScoringError
from scoring.job import Job
from scoring.progress import Progress
from scoring.settings import JobSettings
from scoring.shards import Shard

TURN_SECONDS = 0.5
"""After which a signal is seen at the latest."""

FINISH_SECONDS = 30.0
"""That shards which run may take to be finished after another one met an error."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """How the cluster is used; no byte of the output depends on it.

    Args:
        address: `HOST:PORT`; None starts a cluster on this machine alone.
        output: OUTPUT, absolute, as the nodes see it.
        models: the model repository, absolute, as the nodes see it.
        threads: of one task; 0 takes what suits the device.
    """

    address: str | None
    output: str
    models: Path
    threads: int = 0


def check_cluster(settings: JobSettings, cluster: ClusterSettings) -> None:
    """Refuse what no cluster does, before anything is written.

    Raises:
        SettingsError: the address or the device is not what a cluster takes.
    """
    if cluster.address is not None:
        parse_address(cluster.address)
    demand_of(settings.model.device, cluster.threads, [])


def run_on_cluster(
    job: Job, cluster: ClusterSettings, *, progress: Progress, stop: threading.Event
) -> None:
    """Score the shards that have no part yet; returns when all have, or after `stop`.

    Args:
        job: begun or continued; this process holds its output.
        cluster: where it runs, checked.
        progress: hears of every shard that is done.
        stop: once it is set no shard is begun; those that run are finished and committed.

    Raises:
        ClusterError: the cluster cannot be reached, or does not do what the job needs.
        ScoringError: a task met what stops the job.
    """
    with connect(cluster.address):
        nodes = list_nodes()
        demand = demand_of(job.settings.model.device, cluster.threads, nodes)
        room = Room(demand, grows=cluster.address is not None)
        assignment = Assignment(
            settings=job.settings,
            output=cluster.output,
            models=cluster.models,
            threads=demand.processors,
        )
        run = _Run(Backlog(job.pending()), Flights(assignment, demand), room, progress)
        try:
            run.fly(stop)
        except ScoringError:
            run.finish()
            raise
        finally:
            run.flights.cancel_all()


class _Run:
    """The shards of one run: waiting here, waiting for a node, running on one."""

    def __init__(self, backlog: Backlog, flights: Flights, room: Room, progress: Progress) -> None:
        self.flights = flights
        self._backlog = backlog
        self._room = room
        self._progress = progress

    def fly(self, stop: threading.Event) -> None:
        """Hand shards out and hear of them, until none is left."""
        while not stop.is_set():
            self._hand_out()
            if not self.flights:
                if self._backlog.is_empty:
                    return
                sleep(TURN_SECONDS)  # a shard is to be tried again, after its pause
            for shard, event in self.flights.hear(TURN_SECONDS):
                self._take(shard, event)
        self.flights.cancel_waiting()
        while self.flights:
            for _, event in self.flights.hear(TURN_SECONDS):
                self._count(event)

    def finish(self) -> None:
        """After an error: let the shards that run be committed, if they do not meet one too."""
        self.flights.cancel_waiting()
        end = monotonic() + FINISH_SECONDS
        while self.flights and monotonic() < end:
            try:
                for _, event in self.flights.hear(TURN_SECONDS):
                    self._count(event)
            except ScoringError:
                continue  # the first one is what the user reads

    def _hand_out(self) -> None:
        """Keep the cluster busy, and no more: what waits there takes memory here."""
        while len(self.flights) < self._room.tasks(running=self.flights.running):
            shard = self._backlog.next()
            if shard is None:
                return
            self.flights.submit(shard)

    def _take(self, shard: Shard, event: Event) -> None:
        """What an event means for its shard."""
        match event:
            case Lost(with_node=True) | Cancelled():
                self._backlog.put_back(shard)
            case Lost(reason):
                self._backlog.worker_died(shard, reason)
            case _:
                self._count(event)

    def _count(self, event: Event) -> None:
        """What was done."""
        if isinstance(event, Done):
            self._progress.scored(event.pictures, event.errors)
