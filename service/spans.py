"""The phases of the request at hand, for whoever traces it; nobody does unless it is configured.

Whoever works for a request asks `current_trace()`, which costs nothing where nothing is traced.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Protocol

from engine.batching.outcome import Outcome
from service.parcels import Parcel
from service.work import Done

Attributes = Mapping[str, str | int | float]


class Trace(Protocol):
    """The span of a request, to which those of its phases are added."""

    def add(self, name: str, started: float, ended: float, attributes: Attributes) -> None:
        """A phase that is over, in seconds of `perf_counter`."""
        ...


TRACE: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""Of the request that the running task works for."""


def current_trace() -> Trace | None:
    """The trace of the request at hand, where it has one."""
    return TRACE.get()


def add_prediction(
    trace: Trace, started: float, parcel: Parcel, outcomes: list[Outcome[Done]]
) -> None:
    """Decode, queue and inference of one request; of several pictures, from the first to the last.

    Args:
        trace: of the request.
        started: when it was whole, in seconds of `perf_counter`.
        parcel: its pictures.
        outcomes: what became of them.
    """
    waits = started
    if parcel.decode_ms:
        waits += parcel.decode_ms / 1000
        trace.add("decode", started, waits, {"cutaway.images": len(parcel.results)})
    runs = [outcome.result.run for outcome in outcomes if isinstance(outcome.result, Done)]
    if not runs:
        return
    trace.add("queue", waits, max(run.begun for run in runs), {})
    decoded = [work for work in parcel.works if work.decode_started]
    if decoded:
        first = min(work.decode_started for work in decoded)
        last = max(work.decode_started + work.decode_ms / 1000 for work in decoded)
        trace.add("decode", first, last, {"cutaway.images": len(decoded)})
    runs = [run for run in runs if run.images]
    if runs:
        size = {"cutaway.batch_size": max(run.images for run in runs)}
        trace.add("inference", min(run.started for run in runs), max(run.ended for run in runs), size)
