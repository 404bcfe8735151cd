"""Around every call: its key, its size and its time, its status, its count."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import Message
from grpc.aio import ServicerContext

from service.errors import BodyTimeoutError, DrainingError, OverloadedError
from service.grpc.messages import read_message
from service.grpc.open_inference_pb2 import DESCRIPTOR
from service.grpc.spans import in_span
from service.grpc.statuses import Refusal, refusal_of
from service.keys import Keys, Scope
from service.life import Life
from service.metrics import Metrics
from service.settings import Settings
from service.tracing import Tracing

log = logging.getLogger("cutaway")

Context: TypeAlias = "ServicerContext[bytes, bytes]"
Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"

SERVICE = DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name
_OK, _CLIENT_LEFT = 200, 499  # nginx's number: there is nobody left to send a status to
_LARGE_BYTES = 1_000_000  # typed contents of that size take longer to read than a hop to a thread
_IDLE_SECONDS = 300  # that a stream may be silent


@dataclass(frozen=True, slots=True)
class Method:
    """What a call of one name asks and answers.

    Args:
        request: the message that it brings.
        read: what that says; in a thread, where the message is large.
        answer: the message that is sent back. Its second argument is how long the client waits, in
            seconds; null where it set no deadline.
        scope: what a key must have; null where every key will do.
        open: answered to everybody, until the end.
    """

    request: type[Message]
    answer: Callable[[Any, float | None], Awaitable[Message]]
    read: Callable[[Any], Any] = lambda message: message
    scope: Scope | None = None
    open: bool = False


class Calls:
    """Makes methods into what gRPC calls.

    To gRPC each is a stream of messages, which begins with the headers: a message is read only
    once there is a key and room for it, and must come in time.
    """

    def __init__(
        self,
        life: Life,
        metrics: Metrics,
        settings: Settings,
        keys: Keys | None,
        tracing: Tracing | None,
    ) -> None:
        self._life = life
        self._metrics = metrics
        self._settings = settings
        self._keys = keys
        self._tracing = tracing
        self._held_bytes = 0

    def unary(self, name: str, method: Method) -> Handler:
        """A call of one message each way; an error is its status."""
        route = f"/{SERVICE}/{name}"

        async def handle(messages: AsyncIterator[bytes], context: Context) -> bytes:
            answer = await self._attempt(
                route, self._one(route, method, messages, context), context
            )
            if isinstance(answer, Refusal):
                await context.abort(answer.code, answer.message, answer.metadata)
            return answer.SerializeToString()

        return grpc.stream_unary_rpc_method_handler(handle)

    def stream(
        self, name: str, method: Method, write: Callable[[Message | Refusal], Message]
    ) -> Handler:
        """A call of any number of messages; `write` says what became of each, error or not."""
        route = f"/{SERVICE}/{name}"

        async def handle(messages: AsyncIterator[bytes], context: Context) -> AsyncGenerator[bytes]:
            try:
                while (data := await _next(messages, _IDLE_SECONDS)) is not None:
                    answer = await self._attempt(
                        route, self._answer(route, method, data, context), context
                    )
                    yield write(answer).SerializeToString()
            except TimeoutError:
                silent = f"the stream was silent for {_IDLE_SECONDS} s"
                await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, silent)

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _attempt(
        self, route: str, work: Awaitable[Message], context: Context
    ) -> Message | Refusal:
        """What comes of the work for a call; traced where that is configured."""
        counted = self._count(route, work)
        if self._tracing is None:
            return await counted
        return await in_span(counted, self._tracing, route, context.invocation_metadata() or ())

    async def _count(self, route: str, work: Awaitable[Message]) -> Message | Refusal:
        """What comes of the work; counted and logged as a request over HTTP is."""
        started = perf_counter()
        status, code = _CLIENT_LEFT, None
        self._life.running += 1
        try:
            answer = await work
            status = _OK
        except Exception as error:  # noqa: BLE001  of whatever it is the client gets a status
            answer = refusal_of(error)
            status, code = answer.status, answer.reason
        finally:
            self._life.running -= 1
            self._write(route, status, code, perf_counter() - started)
        return answer

    async def _one(
        self, route: str, method: Method, messages: AsyncIterator[bytes], context: Context
    ) -> Message:
        """The answer to the call's only message."""
        self._admit(route, method, context)
        seconds = self._settings.body_timeout_seconds
        try:
            data = await _next(messages, seconds)
        except TimeoutError as error:
            raise BodyTimeoutError(f"the message did not arrive within {seconds} s") from error
        return await self._answer(route, method, data or b"", context)

    async def _answer(self, route: str, method: Method, data: bytes, context: Context) -> Message:
        self._admit(route, method, context)
        with self._hold(len(data)):
            if len(data) < _LARGE_BYTES:
                request = self._read(method, data)
            else:
                request = await asyncio.to_thread(self._read, method, data)
            return await method.answer(request, context.time_remaining())

    def _admit(self, route: str, method: Method, context: Context) -> None:
        """Refuse who comes too late, without a key, or while too much is held."""
        if method.open:
            return
        if self._life.refuses(route):
            raise DrainingError("the service is ending; send it to another one")
        if self._keys:
            self._keys.check(_authorization(context), method.scope)
        self._check_room()

    def _check_room(self) -> None:
        if self._held_bytes > self._settings.max_buffered_bytes:
            raise OverloadedError("too many requests are being received; try again later")

    @contextmanager
    def _hold(self, size: int) -> Generator[None]:
        """Count a message while it is in work."""
        self._held_bytes += size
        try:
            self._check_room()
            yield
        finally:
            self._held_bytes -= size

    def _read(self, method: Method, data: bytes) -> object:
        return method.read(read_message(method.request, data, self._settings.max_body_bytes))

    def _write(self, route: str, status: int, code: str | None, seconds: float) -> None:
        self._metrics.count_request(route, "POST", status, seconds, code)
        level = logging.DEBUG
        if status >= 400:  # noqa: PLR2004  the first status that is an error
            level = logging.INFO
        if status >= 500:  # noqa: PLR2004  the first status that is our fault
            level = logging.ERROR
        log.log(level, "gRPC %s %d %.1f ms", route, status, seconds * 1000)


async def _next(messages: AsyncIterator[bytes], seconds: float) -> bytes | None:
    """The next message; null where there is none any more.

    Raises:
        TimeoutError: it did not come in time.
    """
    async with asyncio.timeout(seconds):
        return await anext(messages, None)


def _authorization(context: Context) -> str | None:
    """The metadata of that name."""
    for name, value in context.invocation_metadata() or ():
        if name == "authorization":
            return value if isinstance(value, str) else None
    return None
