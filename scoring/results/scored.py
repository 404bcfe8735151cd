"""A job's output, opened for reading; finished or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from scoring.errors import InputError
from scoring.job_file import SUCCESS, JobFile, read_job_file
from scoring.outputs.output import Output
from scoring.outputs.places import open_output
from scoring.parts import part_indices
from scoring.plan_file import read_plan
from scoring.settings import JobSettings
from scoring.shards import Shard
from scoring.sources.locations import Location, parse_location

Score = Literal["probability", "logit"]

SCHEMA_VERSION = "1"
"""What is understood here. Its own, since what writes parts loads the engine and this does not."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a job has written so far. `open_scored` makes one.

    Args:
        location: of the output.
        file: its `_job.json`.
        parts: names of its Parquet files, in order; at least one.
        finished: whether they are all there.
        score: what the column `scores` holds.
    """

    location: Location
    output: Output
    file: JobFile
    parts: tuple[str, ...]
    finished: bool
    score: Score

    @property
    def settings(self) -> JobSettings:
        """Of the job."""
        return self.file.settings

    @property
    def model(self) -> str:
        """`imagenet version 3 (int8)`."""
        model = self.settings.model
        return f"{model.name} version {model.version} ({model.precision})"

    @property
    def progress(self) -> str:
        """`4 of 20 shards`."""
        return f"{len(self.parts):,} of {self.file.input.shards:,} shards"

    def shards(self) -> Iterator[Shard]:
        """The plan.

        Raises:
            OutputError: it cannot be read.
        """
        return read_plan(self.output)


def open_scored(text: str) -> Scored:
    """Open an output of the command line.

    Raises:
        InputError: it holds no job, or nothing of it is scored yet.
        OutputError: it cannot be read.
    """
    output = open_output(text)
    file = read_job_file(output)
    if file is None:
        raise InputError(
            f"{output.location} holds no scoring job (there is no _job.json); expected the OUTPUT "
            "of `python -m scoring run`"
        )
    names = output.names()
    parts = tuple(sorted(Shard(i, 0, 0, "files").file for i in part_indices(names)))
    if not parts:
        raise InputError(
            f"the job in {output.location} has not finished a single shard; run it again to go on"
        )
    return Scored(
        location=parse_location(output.location),
        output=output,
        file=file,
        parts=parts,
        finished=SUCCESS in names and len(parts) == file.input.shards,
        score=_read_score(output, parts[0]),
    )


def _read_score(output: Output, part: str) -> Score:
    """What the part says of itself."""
    try:
        with output.open(part) as stream, ParquetFile(stream) as file:
            about = file.schema_arrow.metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{part} in {output.location} cannot be read: {error}") from error
    version = about.get(b"cutaway.schema_version", b"none").decode()
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{part} in {output.location} has schema version {version}; this version of Cutaway "
            f"reads {SCHEMA_VERSION}"
        )
    return cast(Score, about[b"cutaway.score"].decode())
