"""How the service ends: not ready, then closed, then done with what runs, then gone.

SIGTERM reaches the worker through its supervisor, and uvicorn would end at once: it closes its
listener, the supervisor goes on holding the socket, and whoever comes then waits for an answer that
never comes. So the signal is kept from uvicorn until the balancer has noticed and the work is done.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import DrainingError
from service.handlers import error_response
from service.settings import Settings
from service.supervision import end_with_supervisor, start_or_give_up

log = logging.getLogger("cutaway")

READINESS = frozenset({"/readyz", "/v2/health/ready"})
"""What a balancer asks; refused from the signal on."""
OPEN = frozenset({"/livez", "/v2/health/live", "/metrics"})
"""What is answered until the end."""
LINGER_SECONDS = 5.0
"""For connections to close and threads to end, once everything is answered or its time is over."""


class Life:
    """The worker's life. `running` requests are in work; `draining` is set by SIGTERM."""

    def __init__(self, settings: Settings) -> None:
        self.running = 0
        self.draining = asyncio.Event()
        self._closed = False
        self._drain_seconds = settings.drain_seconds
        self._finish_seconds = settings.finish_seconds
        self._ending: asyncio.Task[None] | None = None
        self._last_resort: threading.Timer | None = None

    @asynccontextmanager
    async def of(self, *parts: AbstractAsyncContextManager[Any]) -> AsyncGenerator[None]:
        """Open the parts in their order, serve until a signal, close them in the reverse one.

        Raises:
            StartupError: one does not open, and there is no supervisor that could be told.
        """
        async with AsyncExitStack() as stack:
            stack.callback(self._call_off_last_resort)
            with start_or_give_up():
                for part in parts:
                    await stack.enter_async_context(part)
            if threading.current_thread() is threading.main_thread():  # others get no signals
                stack.callback(self._keep_back_sigterm())
                end_with_supervisor()
            yield

    def refuses(self, path: str) -> bool:
        """Whether a request is answered 503: once draining for readiness, once closed for all."""
        if self._closed:
            return path not in OPEN
        return self.draining.is_set() and path in READINESS

    def _keep_back_sigterm(self) -> "_Handover":
        """From now on SIGTERM begins the end."""
        loop = asyncio.get_running_loop()
        handover = _Handover(loop)

        def begin() -> None:
            if self._ending is None:
                self._ending = loop.create_task(self._end(handover))

        loop.add_signal_handler(signal.SIGTERM, begin)
        return handover

    async def _end(self, handover: "_Handover") -> None:
        """Drain, close, finish; then let uvicorn have its signal."""
        most_seconds = self._drain_seconds + self._finish_seconds + LINGER_SECONDS
        self._last_resort = threading.Timer(most_seconds, _cut, [most_seconds])
        self._last_resort.daemon = True
        self._last_resort.start()
        log.info("ending: no longer ready; closed in %d s", self._drain_seconds)
        self.draining.set()
        await asyncio.sleep(self._drain_seconds)
        self._closed = True
        loop = asyncio.get_running_loop()
        due = loop.time() + self._finish_seconds
        while self.running and loop.time() < due:
            await asyncio.sleep(0.02)
        if self.running:
            text = "ending: %d requests are not finished after %d s and are cut off"
            log.error(text, self.running, self._finish_seconds)
        handover()
        signal.raise_signal(signal.SIGTERM)

    def _call_off_last_resort(self) -> None:
        """Everything is closed in time."""
        if self._last_resort is not None:
            self._last_resort.cancel()


class _Handover:
    """Gives SIGTERM back to whoever had it before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handler = signal.getsignal(signal.SIGTERM)

    def __call__(self) -> None:
        if self._loop.remove_signal_handler(signal.SIGTERM):
            signal.signal(signal.SIGTERM, self._handler)


def _cut(seconds: float) -> None:
    """End the process, whoever hangs on it: a client that takes nothing, a thread that goes on."""
    log.error("ending: not done after %d s; cut off", seconds)
    os._exit(1)


class LifeGuard:
    """ASGI middleware: counts what runs, and turns away who comes too late.

    While the service ends, every answer closes its connection: whoever kept it would otherwise
    send the next request to a service that is gone.
    """

    def __init__(self, app: ASGIApp, life: Life) -> None:
        self.app = app
        self._life = life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        life, app = self._life, self.app
        if life.draining.is_set() and scope["type"] == "http":
            send = _closing(send)
            if life.refuses(scope["path"]):
                app = error_response(DrainingError("the service is ending; send it to another one"))
        life.running += 1
        try:
            await app(scope, receive, send)
        finally:
            life.running -= 1


def _closing(send: Send) -> Send:
    """`send`, with `Connection: close`."""

    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            message = {**message, "headers": headers}
        await send(message)

    return send_and_close
