"""Around every call: its key, its size and its time, its status, its count."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import Message
from grpc.aio import ServicerContext

from service.errors import BodyTimeoutError
from service.grpc.call_log import CallLog
from service.grpc.door import Door
from service.grpc.messages import inflate, is_compressed, read_message
from service.grpc.open_inference_pb2 import DESCRIPTOR
from service.grpc.spans import in_span
from service.grpc.statuses import Refusal, refusal_of
from service.keys import Keys, Scope
from service.life import Life
from service.metrics import Metrics
from service.outbox import PIECE_BYTES, Outbox
from service.settings import Settings
from service.tracing import Tracing

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
        *,
        outbox: Outbox,
        keys: Keys | None,
        tracing: Tracing | None,
    ) -> None:
        self._life = life
        self._log = CallLog(metrics, every_call=settings.log_format == "json")
        self._door = Door(life, settings, keys)
        self._outbox = outbox
        self._max_bytes = settings.max_body_bytes
        self._timeout_seconds = settings.body_timeout_seconds
        self._tracing = tracing

    def unary(self, name: str, method: Method) -> Handler:
        """A call of one message each way; an error is its status."""
        route = f"/{SERVICE}/{name}"

        async def handle(messages: AsyncIterator[bytes], context: Context) -> bytes:
            work = self._one(route, method, messages, context)
            answer = await self._attempt(route, work, context)
            if isinstance(answer, Refusal):
                await context.abort(answer.code, answer.message, answer.metadata)
            return self._put_out(answer.SerializeToString(), context)

        return grpc.stream_unary_rpc_method_handler(handle)

    def stream(
        self, name: str, method: Method, write: Callable[[Message | Refusal], Message]
    ) -> Handler:
        """A call of any number of messages; `write` says what became of each, error or not."""
        route = f"/{SERVICE}/{name}"

        async def handle(messages: AsyncIterator[bytes], context: Context) -> AsyncGenerator[bytes]:
            try:
                with self._door.admitted(route, method.scope, context):
                    data = await _next(messages, _IDLE_SECONDS)
                while data is not None:
                    work = self._another(route, method, data, context)
                    answer = await self._attempt(route, work, context)
                    yield write(answer).SerializeToString()
                    data = await _next(messages, _IDLE_SECONDS)
            except Exception as error:  # noqa: BLE001  of whatever it is the client gets a status
                end = refusal_of(error)
                await context.abort(end.code, end.message, end.metadata)

        return grpc.stream_stream_rpc_method_handler(handle)

    def _put_out(self, answer: bytes, context: Context) -> bytes:
        """Count a large answer for as long as its client has not taken it; see `Outbox`."""
        if len(answer) > PIECE_BYTES:
            outbox = self._outbox
            outbox.held_bytes += len(answer)

            def taken(_: object) -> None:
                outbox.held_bytes -= len(answer)

            context.add_done_callback(taken)  # pyright: ignore[reportArgumentType]  any callable will do
        return answer

    async def _attempt(
        self, route: str, work: Awaitable[Message], context: Context
    ) -> Message | Refusal:
        """What comes of the work for a call; traced where that is configured."""
        counted = self._count(route, work, context)
        if self._tracing is None:
            return await counted
        return await in_span(counted, self._tracing, route, context.invocation_metadata() or ())

    async def _count(
        self, route: str, work: Awaitable[Message], context: Context
    ) -> Message | Refusal:
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
            self._log.write(route, status, code, perf_counter() - started, context)
        return answer

    async def _one(
        self, route: str, method: Method, messages: AsyncIterator[bytes], context: Context
    ) -> Message:
        """The answer to the call's only message."""
        if method.open:
            data = await _next(messages, self._timeout_seconds)
            return await self._answer(method, data or b"", context)
        with self._door.admitted(route, method.scope, context):
            data = await _next(messages, self._timeout_seconds)
            return await self._answer(method, data or b"", context)

    async def _another(self, route: str, method: Method, data: bytes, context: Context) -> Message:
        """The answer to one message of many."""
        with self._door.admitted(route, method.scope, context):
            return await self._answer(method, data, context)

    async def _answer(self, method: Method, data: bytes, context: Context) -> Message:
        if is_compressed(data):
            data = await asyncio.to_thread(inflate, data, self._max_bytes)
        with self._door.holding(len(data)):
            if len(data) < _LARGE_BYTES:
                request = _read(method, data)
            else:
                request = await asyncio.to_thread(_read, method, data)
            return await method.answer(request, context.time_remaining())


def _read(method: Method, data: bytes) -> object:
    return method.read(read_message(method.request, data))


async def _next(messages: AsyncIterator[bytes], seconds: float) -> bytes | None:
    """The next message; null where there is none any more.

    Raises:
        BodyTimeoutError: it did not come in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await anext(messages, None)
    except TimeoutError as error:
        raise BodyTimeoutError(f"the message did not arrive within {seconds} s") from error
