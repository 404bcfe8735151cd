"""Server-sent events: how far long work has come, and at last its answer or its error.

    event: progress
    data: {"done": 16, "total": 50}

    event: answer
    data: {"model": …}

Between the working thread and the event loop lies one pair of numbers, never a queue: a client
that reads slowly sees fewer steps, and holds up neither the work nor the memory.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from engine.progress import Progress
from service.errors import STATUSES, answer_to
from service.inspection import Inspection, Job, Task
from service.schemas import Error, ErrorBody

MEDIA_TYPE = "text/event-stream"
SCHEMA = {
    "type": "string",
    "description": "where Accept asks for it: events `progress` with done and total, then `answer` "
    "with the JSON, or `error`",
}
"""Of the OpenAPI document."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would hold it back

log = logging.getLogger("cutaway")

Work = Callable[[Progress], Awaitable[bytes]]
"""Works off the event loop, says how far it has come, and gives the answer's JSON."""


def wants_events(request: Request) -> bool:
    """Whether the client asked for events instead of one answer."""
    accepted = request.headers.get("accept", "").lower().split(",")
    return any(kind.partition(";")[0].strip() == MEDIA_TYPE for kind in accepted)


def event_response(
    inspection: Inspection, task: Task, work: Callable[[Job], Response]
) -> StreamingResponse:
    """An inspection that begins with the answer's first byte; a client that leaves stops it.

    Args:
        inspection: runs it.
        task: without a listener.
        work: writes the JSON.
    """

    async def run(progress: Progress) -> bytes:
        answer = await inspection.run(replace(task, listener=progress), work)
        return bytes(answer.body)

    return StreamingResponse(events(run), media_type=MEDIA_TYPE, headers=_HEADERS)


async def events(work: Work) -> AsyncGenerator[bytes]:
    """The stream: `progress` any number of times, then `answer` or `error`."""
    latest = Latest()
    task = asyncio.ensure_future(work(latest.report))
    task.add_done_callback(lambda _: latest.close())
    try:
        async for done, total in latest.steps():
            yield _event("progress", orjson.dumps({"done": done, "total": total}))
        error = task.exception()
        if error is None:
            yield _event("answer", task.result())
        elif not isinstance(error, ClientDisconnect):  # there is nobody left to tell
            yield _event("error", ErrorBody(error=_explain(error)).model_dump_json().encode())
    finally:
        task.cancel()


class Latest:
    """The newest (done, total), handed from any thread to the event loop that made this."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._step: tuple[int, int] | None = None
        self._announced = False
        self._closed = False

    def report(self, done: int, total: int) -> None:
        """A `Progress`, for the working thread: replaces the step that nobody has read yet."""
        self._step = (done, total)
        if not self._announced:  # so that the loop's own queue holds at most one wake-up
            self._announced = True
            self._loop.call_soon_threadsafe(self._changed.set)

    def close(self) -> None:
        """On the loop: there are no more steps."""
        self._closed = True
        self._changed.set()

    async def steps(self) -> AsyncGenerator[tuple[int, int]]:
        """Each step that is new once the last one has been used, until closed."""
        while not self._closed:
            await self._changed.wait()
            self._changed.clear()
            self._announced = False  # before the step is read: a later one announces itself again
            step, self._step = self._step, None
            if step is not None:
                yield step


def _event(name: str, data: bytes) -> bytes:
    """One event of JSON on one line: a line break would end the data."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def _explain(error: BaseException) -> Error:
    """What the client is told: the status is out already, so the error is an event."""
    if isinstance(error, Exception) and type(error) in STATUSES:
        return answer_to(error).error
    log.error("a stream of events failed", exc_info=error)
    return Error(code="internal", message="the service failed on this request; its log says why")
