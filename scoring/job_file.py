"""`_job.json`: what a job is, and once it is finished, what it found."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from scoring.errors import OutputError
from scoring.outputs.output import Output
from scoring.settings import JobSettings

JOB = "_job.json"
SUCCESS = "_SUCCESS"


class _Frozen(BaseModel):
    """What all of it has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Planned(_Frozen):
    """How much the input is."""

    shards: int
    pictures: int


class Counts(_Frozen):
    """What became of the pictures; `errors` by error code, the most frequent first."""

    pictures: int
    scored: int
    errors: dict[str, int]


class LastRun(_Frozen):
    """The run that finished the job; those before it were stopped or killed.

    Args:
        pictures: those that it found without a part.
        seconds: from planning, or reading the plan, to the last count.
        pictures_per_second: the one by the other.
    """

    pictures: int
    seconds: float
    pictures_per_second: float


class JobFile(_Frozen):
    """The file; times are UTC. `counts`, `last_run` and `finished_at` come with the end."""

    schema_version: Literal[1] = 1
    state: Literal["unfinished", "finished"] = "unfinished"
    settings: JobSettings
    input: Planned
    versions: dict[str, str]
    begun_at: datetime
    finished_at: datetime | None = None
    counts: Counts | None = None
    last_run: LastRun | None = None

    def encode(self) -> bytes:
        """As it is written."""
        return self.model_dump_json(indent=1).encode() + b"\n"


def read_job_file(output: Output) -> JobFile | None:
    """The job that an output holds, or None where it holds none.

    Raises:
        OutputError: it cannot be read, or is of another version of Cutaway.
    """
    data = output.read(JOB)
    if data is None:
        return None
    try:
        return JobFile.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise OutputError(
            f"{JOB} in {output.location} is not one that this version of Cutaway writes: {where}: "
            f"{first['msg']}; use another OUTPUT"
        ) from error
