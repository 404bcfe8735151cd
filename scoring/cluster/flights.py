"""The tasks that the cluster has: those that wait for a node, and those that run."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import ray
from ray import ObjectRefGenerator
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    RayError,
    RayTaskError,
    TaskCancelledError,
)

from scoring.cluster.capacity import Demand
from scoring.cluster.task import Assignment, Begun, Done, score_on_node
from scoring.errors import ClusterError
from scoring.shards import Shard

NODE_LOSSES = (NodeDiedError, LocalRayletDiedError, ObjectLostError)


@dataclass(frozen=True, slots=True)
class Lost:
    """A task ended with its worker process, or with its node; the shard is to be scored again."""

    reason: str
    with_node: bool


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A task did not begin, and no longer will."""


Event = Begun | Done | Lost | Cancelled


class Flights:
    """Submits tasks and hears of them; not thread-safe."""

    def __init__(self, assignment: Assignment, demand: Demand) -> None:
        """Submit nothing yet.

        Args:
            assignment: what the tasks have in common.
            demand: what each of them takes of a node.
        """
        # No retries by Ray: it would try at once, and silently. No limit of calls: of tasks with
        # a GPU it is one, and every shard would open the network anew.
        self._score = ray.remote(
            num_cpus=demand.processors,
            num_gpus=demand.gpus,
            num_returns="streaming",
            max_retries=0,
            max_calls=0,
        )(score_on_node)
        self._assignment = assignment
        self._waiting: dict[ObjectRefGenerator, Shard] = {}
        self._running: dict[ObjectRefGenerator, Shard] = {}

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    @property
    def running(self) -> int:
        """Tasks that are known to run."""
        return len(self._running)

    def submit(self, shard: Shard) -> None:
        """Hand a shard to the cluster."""
        self._waiting[self._score.remote(self._assignment, shard)] = shard

    def cancel_waiting(self) -> None:
        """Take back what has not begun; it is heard of as `Cancelled`."""
        for stream in self._waiting:
            ray.cancel(stream)

    def cancel_all(self) -> None:
        """End everything; nothing more is heard of it. What is committed stays."""
        for stream in (*self._waiting, *self._running):
            with suppress(RayError):
                ray.cancel(stream, force=True)
        self._waiting.clear()
        self._running.clear()

    def hear(self, seconds: float) -> Iterator[tuple[Shard, Event]]:
        """What happened, after so many seconds at the latest.

        Raises:
            ScoringError: a task met what stops the job.
        """
        for stream in self._ready(seconds):
            shard = self._waiting.pop(stream, None) or self._running.pop(stream)
            event = _next_event(stream)
            if isinstance(event, Begun):
                self._running[stream] = shard
            yield shard, event

    def _ready(self, seconds: float) -> list[ObjectRefGenerator]:
        """Tasks that have something to say."""
        streams = [*self._waiting, *self._running]
        if not streams:
            return []
        ready, _ = ray.wait(streams, num_returns=1, timeout=seconds, fetch_local=False)
        if ready:  # all that are, in one more call: thousands may be under way
            ready, _ = ray.wait(streams, num_returns=len(streams), timeout=0, fetch_local=False)
        return ready


def _next_event(stream: ObjectRefGenerator) -> Event:
    """What a task said, or what became of it."""
    try:
        word = next(stream, None)
        if word is None:  # as of a task that is cancelled just when it begins
            return Lost("it ended without a word", with_node=False)
        return cast(Event, ray.get(word))
    except TaskCancelledError:
        return Cancelled()
    except RayTaskError as error:
        raise _cause_of(error) from error
    except NODE_LOSSES as error:
        return Lost(_first_line(error), with_node=True)
    except RayError as error:
        return Lost(_first_line(error), with_node=False)


def _cause_of(error: RayTaskError) -> Exception:
    """What the task raised: our own errors, as they were raised there; or what nobody expected."""
    cause: object = error.cause
    if "failed to import" in str(cause):  # Ray's words, where it cannot load the task itself
        return ClusterError(
            f"a node cannot load this program: {_last_line(cause)}; every node needs the same "
            "image, with the program in the same folder"
        )
    return cause if isinstance(cause, Exception) else ClusterError(_last_line(cause))


def _last_line(error: object) -> str:
    """Of a traceback: the error itself."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1][:300]


def _first_line(error: BaseException) -> str:
    """What Ray says in its first line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
