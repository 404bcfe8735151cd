"""The application without a network in between: the events of ASGI in, the events of ASGI out."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import Message

from service.application import build_application
from service.routes.documented import openapi_document
from service.settings import Settings

HANG_SECONDS = 60
"""Nothing that is asked here takes a second; what takes this long does not end."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; its body arrives in these pieces."""

    path: str
    headers: tuple[tuple[str, str], ...] = ()
    pieces: tuple[bytes, ...] = (b"",)
    query: str = ""
    method: str = "POST"

    def scope(self) -> dict[str, Any]:
        """As uvicorn writes it."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in self.headers],
            "client": ("127.0.0.1", 40_000),
            "server": ("127.0.0.1", 3000),
        }


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; the headers' names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Road:
    """The application alive on an event loop in a thread of its own, until closed."""

    def __init__(self, models: Path, **settings: Any) -> None:
        application = build_application(Settings(models=models, **settings))
        self.document = openapi_document(application.app)
        self._app, self._road = application.app, application.road
        self._loop = asyncio.new_event_loop()
        self._ready: Future[None] = Future()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="road", daemon=True)
        self._thread.start()
        self._ready.result(HANG_SECONDS)

    def ask(self, asked: Asked) -> Answered:
        """The answer to one request.

        Raises:
            TimeoutError: there is none.
        """
        return asyncio.run_coroutine_threadsafe(self._ask(asked), self._loop).result(HANG_SECONDS)

    def close(self) -> None:
        """End the application as a server does."""
        with suppress(RuntimeError):  # its loop is closed already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(HANG_SECONDS)
        assert not self._thread.is_alive(), "the application does not stop"

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._live())
            except BaseException as error:
                if self._ready.done():
                    raise
                self._ready.set_exception(error)

    async def _live(self) -> None:
        async with self._app.router.lifespan_context(self._app):
            self._ready.set_result(None)
            await self._stop.wait()

    async def _ask(self, asked: Asked) -> Answered:
        waiting: list[Message] = [
            {
                "type": "http.request",
                "body": piece,
                "more_body": index + 1 < len(asked.pieces),
            }
            for index, piece in enumerate(asked.pieces)
        ]
        waiting.reverse()
        came: list[Message] = []

        async def receive() -> Message:
            if not waiting:
                await asyncio.Event().wait()  # the client stays
            return waiting.pop()

        async def send(message: Message) -> None:
            came.append(message)

        await self._road(asked.scope(), receive, send)
        start, *bodies = came
        assert start["type"] == "http.response.start"
        assert [body["type"] for body in bodies] == ["http.response.body"] * len(bodies)
        more = [body.get("more_body", False) for body in bodies]
        assert more == [True] * (len(bodies) - 1) + [False]
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answered(start["status"], headers, b"".join(body["body"] for body in bodies))
