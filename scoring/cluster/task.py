"""What runs on a node: one shard, by the functions that a single machine runs it with."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import ray.util

from bundle.errors import BundleError
from engine.errors import EngineError
from scoring.differences import refuse_other_versions
from scoring.errors import ClusterError, ScoringError
from scoring.job_file import read_job_file
from scoring.outputs.output import Output
from scoring.outputs.places import open_output
from scoring.parts import commit_part
from scoring.pipeline import score_shards
from scoring.score import Scorer, open_scorer
from scoring.settings import JobSettings
from scoring.shards import Shard
from scoring.sources.reading import ShardReader
from scoring.versions import versions


@dataclass(frozen=True, slots=True)
class Assignment:
    """What every task of a job has in common; small, and travels with each of them.

    Args:
        settings: of the job.
        output: the folder or prefix, absolute.
        models: the model repository, as the nodes see it.
        threads: that decode and run batches; the processors that the task has.
    """

    settings: JobSettings
    output: str
    models: Path
    threads: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A task runs now: it is no longer to be cancelled."""


@dataclass(frozen=True, slots=True)
class Done:
    """Its part is in the output, by this task or by an earlier one."""

    pictures: int
    errors: int


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker process keeps between two shards of one job."""

    scorer: Scorer
    reader: ShardReader
    output: Output


class Count:
    """Sums up what a shard came to; thread-safe."""

    def __init__(self) -> None:
        self.pictures = 0
        self.errors = 0
        self._lock = threading.Lock()

    def scored(self, pictures: int, errors: int) -> None:
        """So many more pictures are done."""
        with self._lock:
            self.pictures += pictures
            self.errors += errors


def score_on_node(assignment: Assignment, shard: Shard) -> Iterator[Begun | Done]:
    """Score and commit one shard; says at once that it has begun, and at the end that it is done.

    A task that runs twice, or beside itself, does no harm: the second commit finds the name taken.

    Raises:
        ScoringError: what stops the job, and on which node.
    """
    yield Begun()
    try:
        yield _score(open_bench(assignment), assignment, shard)
    except (ScoringError, EngineError, BundleError) as error:
        # Errors of the other rooms need not survive the way to another process.
        kind = type(error) if isinstance(error, ScoringError) else ClusterError
        raise kind(f"{error} (said by node {ray.util.get_node_ip_address()})") from error


def _score(bench: Bench, assignment: Assignment, shard: Shard) -> Done:
    """One shard, committed."""
    count = Count()

    def commit(shard: Shard, table: pa.Table) -> None:
        commit_part(bench.output, shard, table)

    score_shards(
        [shard],
        bench.reader,
        bench.scorer,
        threads=assignment.threads,
        batch=assignment.settings.model.batch,
        commit=commit,
        progress=count,
    )
    return Done(count.pictures, count.errors)


@lru_cache(maxsize=1)
def open_bench(assignment: Assignment) -> Bench:
    """Everything that a process needs for the shards of one job, opened once.

    Raises:
        ClusterError: this machine does not see the output.
        SettingsError: it has other versions of what computes.
        ScoringError, BundleError, EngineError: the model cannot be had here.
    """
    output = open_output(assignment.output)
    job = read_job_file(output)
    if job is None or job.settings != assignment.settings:
        # A folder of the node's own disk would take parts that nobody finds again.
        raise ClusterError(
            f"{assignment.output} does not hold this job there; the nodes must share the folder, "
            "or the output must be in an object store"
        )
    refuse_other_versions(output.location, job.versions, versions())
    scorer = open_scorer(assignment.settings, assignment.models)
    return Bench(scorer, ShardReader(assignment.settings.input), output)
