"""A request in the batcher: its payloads, what became of each, and who waits for them."""

from __future__ import annotations

from asyncio import Future
from typing import TYPE_CHECKING, Generic, TypeVar

from engine.batching.outcome import Outcome, R

if TYPE_CHECKING:
    from engine.batching.queue import Lane

T = TypeVar("T")


class Request(Generic[R]):
    """Payloads that came together, due at `deadline` (seconds of the loop's clock).

    A probe came while its model did nothing: it is run even where the pace last seen says that it
    will be late, since nothing else would ever correct that pace.
    """

    __slots__ = ("answer", "deadline", "missing", "outcomes", "probe", "queued_at")

    def __init__(
        self,
        answer: Future[list[Outcome[R]]],
        payloads: int,
        queued_at: float,
        deadline: float,
        probe: bool,
    ) -> None:
        self.answer = answer
        self.queued_at = queued_at
        self.deadline = deadline
        self.probe = probe
        self.missing = payloads
        self.outcomes: list[Outcome[R] | None] = [None] * payloads

    def fail(self, error: Exception) -> None:
        """End the request as a whole, unless it has ended."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Entry(Generic[T, R]):
    """One payload of a request: `images` large, and waiting while it has a lane."""

    __slots__ = ("images", "index", "lane", "payload", "request")

    def __init__(self, request: Request[R], index: int, payload: T, images: int) -> None:
        self.request = request
        self.index = index
        self.payload = payload
        self.images = images
        self.lane: Lane[T, R] | None = None

    def finish(self, result: R | Exception, started: float, ended: float, batch_size: int) -> None:
        """Note what became of it; the last one of a request answers the request."""
        request = self.request
        if request.answer.done():
            return
        request.outcomes[self.index] = Outcome(
            result, (started - request.queued_at) * 1000, (ended - started) * 1000, batch_size
        )
        request.missing -= 1
        if not request.missing:
            request.answer.set_result([done for done in request.outcomes if done is not None])
