"""A small load balancer: connections go in turn to the servers that say they are ready."""

import asyncio
import threading
from contextlib import closing, suppress
from typing import Self
from urllib.parse import urlsplit

import httpx

from tests.servers import free_port

PROBE_SECONDS = 0.1


class Balancer:
    """Listens on `url` in a thread of its own; it knows TCP, and of HTTP only /readyz."""

    def __init__(self, *servers: str) -> None:
        self._ready = dict.fromkeys(servers, False)
        self._turn = 0
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        """The thread."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._balance())

    async def _balance(self) -> None:
        """Listen and probe until it is over."""
        self._over = asyncio.Event()
        await asyncio.gather(*(self._probe_once(server) for server in self._ready))
        probes = [asyncio.create_task(self._probe(server)) for server in self._ready]
        listener = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._started.set()
        async with listener:
            await self._over.wait()
        for probe in probes:
            probe.cancel()

    async def _probe(self, server: str) -> None:
        """Ask a server again and again."""
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            await self._probe_once(server)

    async def _probe_once(self, server: str) -> None:
        """Whether it is ready."""
        try:
            async with httpx.AsyncClient(timeout=2) as client:
                self._ready[server] = (await client.get(f"{server}/readyz")).is_success
        except httpx.TransportError:
            self._ready[server] = False

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to the next ready server that takes it."""
        with closing(writer):
            for _ in self._ready:
                ready = [server for server, ready in self._ready.items() if ready]
                if not ready:
                    return
                self._turn += 1
                url = urlsplit(ready[self._turn % len(ready)])
                with suppress(OSError):
                    there = await asyncio.open_connection(url.hostname, url.port)
                    with closing(there[1]):
                        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
                        return


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Everything from one side to the other, its end too."""
    with suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()
