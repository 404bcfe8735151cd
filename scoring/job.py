"""A job: the plan, the state and the parts of one output."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import pyarrow as pa

from scoring.differences import refuse_other_settings, refuse_other_versions
from scoring.errors import InputError, OutputError
from scoring.job_file import JOB, SUCCESS, Counts, JobFile, LastRun, read_job_file
from scoring.outputs.output import Output
from scoring.parts import commit_part, count_errors, part_indices
from scoring.plan_file import PLAN, read_counts, read_plan, written_plan
from scoring.settings import JobSettings
from scoring.shards import Shard
from scoring.versions import versions

NAMED = 3
"""Foreign files that are named in an error."""


class Job:
    """What is to be done, what is done, and how the rest is. `open_job` makes one.

    Its methods may be called from several threads.
    """

    def __init__(self, output: Output, file: JobFile, names: set[str], begun: float) -> None:
        """See `open_job`.

        Args:
            output: where it lies.
            file: its `_job.json`.
            names: what is in the output.
            begun: `time.monotonic()` when this run began with it.
        """
        self.output = output
        self.settings = file.settings
        self._file = file
        self._begun = begun
        done = part_indices(names)
        counts = read_counts(output) if done else iter(())
        self._done_pictures = sum(pictures for index, pictures in counts if index in done)
        self._is_closed = SUCCESS in names and file.state == "finished"

    @property
    def pictures(self) -> int:
        """Of the whole input."""
        return self._file.input.pictures

    @property
    def shards(self) -> int:
        """Of the whole input."""
        return self._file.input.shards

    @property
    def done_pictures(self) -> int:
        """Those that had their part when this run began."""
        return self._done_pictures

    @property
    def is_finished(self) -> bool:
        """Whether a run before this one finished it, and nothing has been removed since."""
        return self._is_closed and self._done_pictures == self.pictures

    @property
    def file(self) -> JobFile:
        """`_job.json`."""
        return self._file

    def pending(self) -> Iterator[Shard]:
        """The shards that have no part now, in order; the plan is read as they are taken.

        Raises:
            OutputError: the plan cannot be read.
        """
        return read_plan(self.output, without=part_indices(self.output.names()))

    def commit(self, shard: Shard, table: pa.Table) -> None:
        """Write a shard's rows, whole or not at all; harmless where they are there already.

        Raises:
            OutputError: they cannot be written; nothing is there then.
            BusyError: another run has taken the output over.
        """
        commit_part(self.output, shard, table)

    def finish(self) -> JobFile:
        """Count what the parts hold, and write down that the job is finished.

        Raises:
            OutputError: a part is missing or damaged, or it cannot be written.
        """
        codes = count_errors(self.output, read_counts(self.output))
        scored = codes.pop(None, 0)
        seconds = time.monotonic() - self._begun
        pictures = self.pictures - self._done_pictures
        self._file = self._file.model_copy(
            update={
                "state": "finished",
                "finished_at": _now(),
                "counts": Counts(
                    pictures=scored + codes.total(),
                    scored=scored,
                    errors={code or "": count for code, count in codes.most_common()},
                ),
                "last_run": LastRun(
                    pictures=pictures,
                    seconds=round(seconds, 3),
                    pictures_per_second=round(pictures / seconds, 3),
                ),
            }
        )
        self.output.replace(JOB, self._file.encode())
        self.output.commit(SUCCESS, b"")
        return self._file


def open_job(output: Output, settings: JobSettings, *, plan: Callable[[], Iterable[Shard]]) -> Job:
    """Begin a job in an empty output, or go on with the one that is there.

    Args:
        output: held by this run (`Output.hold`).
        settings: of this run.
        plan: lists the input; called for a new job alone.

    Raises:
        SettingsError: the output was begun with other settings, or other versions of what
            computes.
        OutputError: it holds something else, is damaged, or cannot be written.
        InputError: of `plan`; the output is as it was then.
    """
    begun = time.monotonic()
    names = output.names()
    file = read_job_file(output)
    if file is None:
        _refuse_foreign(output, names)
    else:
        refuse_other_settings(output.location, file.settings, settings)
        refuse_other_versions(output.location, file.versions, versions())
    if file is None or PLAN not in names:
        _refuse_parts(output, names)
        file = _begin(output, settings, plan)
    return Job(output, file, names, begun)


def _begin(output: Output, settings: JobSettings, plan: Callable[[], Iterable[Shard]]) -> JobFile:
    """Plan, and write it down.

    `_job.json` comes first: an output with it alone is ours, and is planned again.
    """
    with written_plan(plan()) as (planned, data):
        if not planned.shards:
            raise InputError(f"{settings.input.location} holds no pictures")
        file = JobFile(settings=settings, input=planned, versions=versions(), begun_at=_now())
        output.replace(JOB, file.encode())
        if not output.commit(PLAN, data) and output.read(PLAN) != bytes(data):
            raise OutputError(
                f"another run has begun in {output.location} meanwhile; run the same command again"
            )
    return file


def _refuse_foreign(output: Output, names: set[str]) -> None:
    """An output without a job is empty: nothing of anybody else's is mixed with results."""
    if names:
        listed = ", ".join(sorted(names)[:NAMED]) + (", …" if len(names) > NAMED else "")
        raise OutputError(
            f"{output.location} is not empty and holds no job ({listed}); give an empty or new "
            "folder as OUTPUT"
        )


def _refuse_parts(output: Output, names: set[str]) -> None:
    """Parts without the plan that they are parts of cannot be completed."""
    if part_indices(names):
        raise OutputError(
            f"{output.location} holds parts and no {PLAN}, which was removed; use another OUTPUT"
        )


def _now() -> datetime:
    """To the second."""
    return datetime.now(UTC).replace(microsecond=0)
