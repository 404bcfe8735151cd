"""What became of one payload."""

from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What one payload got: its result, or the exception that it raised when it ran alone.

    `queue_ms` ends where the run began that answered it; `batch_size` counts that run's images,
    those of other requests included.
    """

    result: R | Exception
    queue_ms: float
    run_ms: float
    batch_size: int
