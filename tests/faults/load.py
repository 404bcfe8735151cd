"""Clients that never stop asking, and the books on what became of every request."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

import httpx

from tests.service.conftest import encode, picture

PREDICT = "/v1/models/colours/predict"
OK = 200
REFUSALS = (429, 503)
LATE = 504


@dataclass
class Books:
    """What was sent and what came back.

    `refused` was told when to try again, `late` that its own deadline had passed; whatever else is
    no answer has failed.
    """

    sent: int = 0
    answered: int = 0
    refused: int = 0
    late: int = 0
    failures: list[str] = field(default_factory=list)
    versions: Counter[int] = field(default_factory=Counter)
    changes: int = 0
    last: int | None = None

    def enter(self, answer: httpx.Response, label: str | None) -> None:
        """One answer; with a label it is only one if that is the best class."""
        if answer.status_code in REFUSALS and answer.headers.get("retry-after", "").isdigit():
            self.refused += 1
            return
        if answer.status_code == LATE:
            self.late += 1
            return
        body = answer.json() if answer.status_code == OK else {}
        best = body["results"][0]["classes"][0]["label"] if body else None
        if best is None or label not in (None, best):
            self.failures.append(f"{answer.status_code} {answer.text[:200]}")
            return
        self.answered += 1
        self.versions[body["version"]] += 1
        self.changes += self.last not in (None, body["version"])
        self.last = body["version"]

    def fail(self, error: httpx.TransportError) -> None:
        """No answer."""
        self.failures.append(f"{type(error).__name__} {error}")


class Load:
    """While it lasts, so many clients ask one question after the other, each on its connection."""

    def __init__(self, url: str, *, clients: int = 8, timeout: float = 60) -> None:
        self.books = Books()
        self._url = url
        self._clients = clients
        self._timeout = timeout
        self._body = encode(picture(0))
        self._over = threading.Event()
        self._last = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask()))

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for(self._clients)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def stop_at_refusal(self) -> None:
        """Every client stops where it is refused, with a status or at the door; returns then."""
        self._last.set()
        self._thread.join()

    def wait_for(self, answers: int) -> None:
        """Return once so many more are answered; fails if a minute brings fewer."""
        wanted = self.books.answered + answers
        deadline = time.monotonic() + 60
        while self.books.answered < wanted:
            assert time.monotonic() < deadline, self.books
            time.sleep(0.01)

    async def _ask(self) -> None:
        """All clients."""
        await asyncio.gather(*(self._ask_on() for _ in range(self._clients)))

    async def _ask_on(self) -> None:
        """One client."""
        async with httpx.AsyncClient(base_url=self._url, timeout=self._timeout) as client:
            while not self._over.is_set():
                self.books.sent += 1
                try:
                    answer = await client.post(PREDICT, content=self._body)
                except httpx.ConnectError as error:
                    if self._last.is_set():
                        self.books.refused += 1
                        return
                    self.books.fail(error)
                    await asyncio.sleep(0.1)
                except httpx.TransportError as error:
                    self.books.fail(error)
                    await asyncio.sleep(0.1)
                else:
                    self.books.enter(answer, "red")
                    if self._last.is_set() and answer.status_code in REFUSALS:
                        return
