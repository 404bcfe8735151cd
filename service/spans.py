"""The phases of the request at hand, for whoever traces it; nobody does unless it is configured.

Whoever works for a request asks `current_trace()`, which costs nothing where nothing is traced.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Protocol

from engine.batching.outcome import Outcome
from service.families import Labels
from service.parcels import Parcel
from service.work import Done

Attributes = Mapping[str, str | int | float]


class Trace(Protocol):
    """The span of a request, to which those of its phases are added."""

    @property
    def id(self) -> str:
        """The trace's, in hexadecimal."""
        ...

    def add(self, name: str, started: float, ended: float, attributes: Attributes) -> None:
        """A phase that is over, in seconds of `perf_counter`."""
        ...


TRACE: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""Of the request that the running task works for."""


def current_trace() -> Trace | None:
    """The trace of the request at hand, where it has one."""
    return TRACE.get()


def add_prediction(
    trace: Trace,
    model: Labels,
    started: float,
    parcel: Parcel,
    outcomes: Sequence[Outcome[Done]],
) -> None:
    """Decode, queue and inference of one request; of several pictures, from the first to the last.

    Args:
        trace: of the request.
        model: its name and version.
        started: when the request was whole, in seconds of `perf_counter`.
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
        first, last = min(run.started for run in runs), max(run.ended for run in runs)
        size = max(run.images for run in runs)
        trace.add("inference", first, last, model_attributes(model, batch_size=size))


def add_inspection(
    trace: Trace, model: Labels, *, started: float, decoded: float, begun: float, ended: float
) -> None:
    """Decode, queue and inference of one inspection.

    Args:
        trace: of the request.
        model: its name and version.
        started: when the request was whole, in seconds of `perf_counter`.
        decoded: when its pictures were.
        begun: when its thread had time for it.
        ended: when the work was done.
    """
    trace.add("decode", started, decoded, {})
    trace.add("queue", decoded, begun, {})
    trace.add("inference", begun, ended, model_attributes(model))


def model_attributes(model: Labels, **more: int) -> dict[str, str | int]:
    """What a span says of the model."""
    name, version = model
    return {
        "cutaway.model": name,
        "cutaway.version": version,
        **{f"cutaway.{key}": value for key, value in more.items()},
    }
