"""The road of every inspection: admission, decoding, threads of its own, a deadline, an end.

A route parses its query, finds the model, reads the body, and says what is to be done:

    served = catalogue.find(model, request.path_params.get("version"))
    upload = await read_upload(request, served.manifest.input, settings)
    answer = await inspection.run(
        Task("sensitivity", served, request.receive, upload, timeout_ms), work
    )

`work(job)` is called in an inspection thread, never on the event loop, with a `Job`: the bundle's
`inspector`, the decoded `pictures` (rows of pixels, and a result for each picture), and `progress`,
which it must hand to everything long: it raises as soon as the deadline has passed or the client
has gone. Whatever `work` returns comes back; write the body of the answer there, too, so that the
event loop never touches an activation. Its errors come back as they are.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Literal, Self, TypeVar

from starlette.types import Receive

from engine.errors import DeadlineExceededError, QueueFullError
from engine.inspector import Inspector
from engine.progress import Progress, silent
from service.decoding import Decoded
from service.disconnects import unless_disconnected
from service.metrics import Gauge, Metrics
from service.outbox import Outbox
from service.outcomes import count_refused
from service.predictor import Predictor
from service.settings import Settings
from service.spans import add_inspection, current_trace
from service.uploads import Upload

T = TypeVar("T")

Kind = Literal["activations", "sensitivity", "selfcheck"]
"""What inspections are counted as."""


class StoppedError(Exception):
    """Nobody waits for this work any more. Seen by no client."""


@dataclass(frozen=True, slots=True)
class Task:
    """An inspection that was asked for.

    Args:
        kind: what it is counted as.
        served: the model.
        receive: the connection, its body read; whose end ends the work.
        upload: its pictures.
        timeout_ms: from now to the answer.
        listener: hears the progress, in the inspection thread.
    """

    kind: Kind
    served: Predictor
    receive: Receive
    upload: Upload
    timeout_ms: int
    listener: Progress = silent


@dataclass(frozen=True, slots=True)
class Job:
    """What `work` is given.

    Args:
        inspector: the inside of the bundle; its graph is loaded and its sessions are built when
            it is first used, so only in this thread.
        pictures: `pixels` of those that can be used, possibly none, `results` of all, and `good`,
            which says of each row of pixels which of the results is its.
        progress: hand it to what takes long; it raises to stop the work.
        timing_ms: `decode` and `queue`, in ms.
    """

    inspector: Inspector
    pictures: Decoded
    progress: Progress
    timing_ms: dict[str, float]


class Inspection:
    """Runs inspections beside the predictions; use it as an async context manager."""

    def __init__(self, settings: Settings, metrics: Metrics, outbox: Outbox | None = None) -> None:
        self._threads = settings.inspect_threads
        self._room = settings.inspect_threads + settings.inspect_queue
        self._metrics = metrics
        self._outbox = outbox or Outbox(settings)
        self._pending: Counter[str] = Counter()
        self._seconds = 0.0
        self._executor = ThreadPoolExecutor(self._threads, "inspection")  # starts none before use

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    def gauges(self) -> list[Gauge]:
        """What Prometheus is shown of this room."""
        about = "Inspections that decode, wait or run."
        return [Gauge("cutaway_inspections_pending", about, self._pending.items, label="kind")]

    async def run(self, task: Task, work: Callable[[Job], T]) -> T:
        """What `work` returns.

        Raises:
            QueueFullError: too many inspections wait, or too many pictures.
            OverloadedError: too many answers wait for their clients.
            ImageError: the only picture cannot be decoded.
            DeadlineExceededError: no answer in time.
            ClientDisconnect: the client has gone.
        """
        started = perf_counter()
        outcome = "client_left"
        try:
            self._admit()
            answer = await unless_disconnected(task.receive, self._in_time(task, work))
        except Exception as error:
            outcome = count_refused(self._metrics, task.served.labels, error, len(task.upload))
            raise
        else:
            outcome = "answered"
            return answer
        finally:
            self._metrics.observe_inspection(task.kind, outcome, perf_counter() - started)

    def _admit(self) -> None:
        """Refuse a request before any work is put into it."""
        self._outbox.check()
        pending = self._pending.total()
        if pending >= self._room:
            raise QueueFullError(
                f"{pending} inspections run or wait, and there is room for {self._room}; "
                "try again later",
                retry_after_seconds=pending * self._seconds / self._threads,
            )

    async def _in_time(self, task: Task, work: Callable[[Job], T]) -> T:
        """The answer within the task's time; what still waits then never begins."""
        started = perf_counter()
        stop = threading.Event()
        watch = _Watch(stop, started + task.timeout_ms / 1000, task)
        try:
            async with asyncio.timeout(task.timeout_ms / 1000):
                decoded = await self._decode(task)
                queue_started = begun = perf_counter()

                def in_thread() -> T:
                    nonlocal begun
                    watch(0, 0)
                    begun = perf_counter()
                    timing = {
                        "decode": round((queue_started - started) * 1000, 3),
                        "queue": round((begun - queue_started) * 1000, 3),
                    }
                    inspector = task.served.classifier.inspector
                    return work(Job(inspector, decoded, watch, timing))

                answer = await asyncio.wrap_future(self._submit(task.kind, in_thread))
        except TimeoutError as error:
            raise DeadlineExceededError(f"no answer within {task.timeout_ms} ms") from error
        finally:
            stop.set()
        for result in decoded.results:
            outcome = result["error"]["code"] if "error" in result else "inspected"
            self._metrics.count_images(task.served.labels, outcome, 1)
        trace = current_trace()
        if trace is not None:
            add_inspection(
                trace,
                task.served.labels,
                started=started,
                decoded=queue_started,
                begun=begun,
                ended=perf_counter(),
            )
        return answer

    async def _decode(self, task: Task) -> Decoded:
        """The pictures; the request counts as pending meanwhile."""
        self._pending[task.kind] += 1
        try:
            return await task.served.decode(task.upload)
        finally:
            self._pending[task.kind] -= 1

    def _submit(self, kind: Kind, call: Callable[[], T]) -> Future[T]:
        """Hand work to the threads; it counts until it really ends, even if nobody waits."""
        loop = asyncio.get_running_loop()
        self._pending[kind] += 1
        future = self._executor.submit(self._timed, call)
        future.add_done_callback(
            lambda _: loop.call_soon_threadsafe(self._pending.subtract, (kind,))
        )
        return future

    def _timed(self, call: Callable[[], T]) -> T:
        """In the thread: remember how long inspections take, the last ones most."""
        begun = perf_counter()
        try:
            return call()
        finally:
            took = perf_counter() - begun
            self._seconds = (self._seconds + took) / 2 if self._seconds else took


class _Watch:
    """A progress callback that stops the work once nobody waits for it."""

    def __init__(self, stop: threading.Event, due: float, task: Task) -> None:
        self._stop = stop
        self._due = due
        self._timeout_ms = task.timeout_ms
        self._listener = task.listener

    def __call__(self, done: int, total: int) -> None:
        """Raise StoppedError or DeadlineExceededError, or pass the progress on."""
        if self._stop.is_set():
            raise StoppedError
        if perf_counter() > self._due:
            raise DeadlineExceededError(f"no answer within {self._timeout_ms} ms")
        if total:
            self._listener(done, total)
