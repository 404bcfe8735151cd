"""What a model version has done since it was loaded, in the protocol's terms.

Plain numbers, counted on the event loop: a prediction pays a few microseconds for them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.batching.outcome import Outcome
from service.work import Done, Json, Run

if TYPE_CHECKING:
    from service.predictor import Predictor


@dataclass(slots=True)
class Duration:
    """How often something happened, and how long it took altogether."""

    count: int = 0
    ns: int = 0

    def add(self, seconds: float) -> None:
        """Once more."""
        self.count += 1
        self.ns += max(0, int(seconds * 1e9))

    def answer(self) -> Json:
        """In the protocol's form."""
        return {"count": self.count, "ns": self.ns}


@dataclass(slots=True)
class Computation:
    """The phases of runs: decoding and joining, the network, choosing the classes."""

    compute_input: Duration = field(default_factory=Duration)
    compute_infer: Duration = field(default_factory=Duration)
    compute_output: Duration = field(default_factory=Duration)

    def add(self, run: Run, decode_seconds: float = 0.0) -> None:
        """One run; `decode_seconds` were spent on its pictures before it."""
        self.compute_input.add(run.started - run.begun + decode_seconds)
        self.compute_infer.add(run.ended - run.started)
        self.compute_output.add(run.finished - run.ended)

    def answer(self) -> Json:
        """In the protocol's form."""
        return {
            "compute_input": self.compute_input.answer(),
            "compute_infer": self.compute_infer.answer(),
            "compute_output": self.compute_output.answer(),
        }


class ModelStatistics:
    """Of one model version; requests are counted when they end, runs when the network did."""

    def __init__(self) -> None:
        self.inference_count = 0
        self.last_inference_ms = 0
        self._success = Duration()
        self._fail = Duration()
        self._queue = Duration()
        self._computation = Computation()
        self._batches: dict[int, Computation] = {}

    @property
    def execution_count(self) -> int:
        """Runs of the network."""
        return sum(batch.compute_infer.count for batch in self._batches.values())

    def ran(self, run: Run) -> None:
        """A batch that was run; nothing where none of its pictures could be decoded."""
        if not run.images:
            return
        batch = self._batches.get(run.images)
        if batch is None:
            batch = self._batches[run.images] = Computation()
        batch.add(run)

    def succeeded(
        self, outcomes: Sequence[Outcome[Done]], seconds: float, *, decode_ms: float
    ) -> None:
        """A request that was answered; its slowest picture speaks for it.

        Args:
            outcomes: of its pictures, without those that could not be decoded before.
            seconds: from the whole request received to its answer.
            decode_ms: of pictures that were decoded before they waited.
        """
        self._success.add(seconds)
        done = [outcome.result for outcome in outcomes if isinstance(outcome.result, Done)]
        if not done:
            return
        run = max((each.run for each in done), key=_finished) if done[1:] else done[0].run
        images = sum(each.error is None for each in done)
        self.inference_count += images
        if images:
            self.last_inference_ms = time.time_ns() // 1_000_000
        decode_seconds = decode_ms / 1000
        self._queue.add(seconds - decode_seconds - (run.finished - run.begun))
        self._computation.add(run, decode_seconds)

    def failed(self, seconds: float) -> None:
        """A request that was refused or could not be answered; not one whose client left."""
        self._fail.add(seconds)

    def answer(self) -> Json:
        """All but the model's name, in the protocol's form."""
        nothing = Duration().answer()
        return {
            "last_inference": self.last_inference_ms,
            "inference_count": self.inference_count,
            "execution_count": self.execution_count,
            "inference_stats": {
                "success": self._success.answer(),
                "fail": self._fail.answer(),
                "queue": self._queue.answer(),
                **self._computation.answer(),
                "cache_hit": nothing,
                "cache_miss": nothing,
            },
            "response_stats": {},
            "batch_stats": [
                {"batch_size": size, **batch.answer()}
                for size, batch in sorted(self._batches.items())
            ],
            "memory_usage": [],
        }


def statistics(served: "Predictor") -> Json:
    """A version's element of the protocol's `model_stats`."""
    name, version = served.labels
    return {"name": name, "version": version, **served.statistics.answer()}


def _finished(run: Run) -> float:
    return run.finished
