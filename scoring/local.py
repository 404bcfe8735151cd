"""A job on this machine."""

import threading

from engine.cores import core_count
from scoring.job import Job
from scoring.pipeline import score_shards
from scoring.progress import Progress
from scoring.score import Scorer
from scoring.sources.reading import ShardReader


def run_local(
    job: Job, scorer: Scorer, *, threads: int, progress: Progress, stop: threading.Event
) -> None:
    """Score what is pending.

    Args:
        job: that was begun or is continued.
        scorer: of its settings.
        threads: that decode and infer; 0: one a core.
        progress: hears of each batch.
        stop: once it is set no shard is begun.

    Raises:
        ScoringError: input or output failed as a whole; what is committed stays.
        EngineError: the network failed.
    """
    score_shards(
        job.pending(),
        ShardReader(job.settings.input),
        scorer,
        threads=threads or core_count(),
        batch=job.settings.model.batch,
        commit=job.commit,
        progress=progress,
        stop=stop,
    )
