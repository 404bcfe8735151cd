"""More load than there is capacity: how much is still answered in time, and what the others get."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx
import numpy as np

from benchmarks.load import closed_loop, offered
from benchmarks.pictures import Body
from benchmarks.servers import Running

DEADLINE_MS = 1000
FACTOR = 2.0
CLIENTS_A_REQUEST = 2.0
"""Clients for each request that may be under way within the deadline: a hey that is still waiting
at its tick misses it, so at 1.2 a server that answers at the deadline was offered 1.5 × of 2."""


@dataclass(frozen=True, slots=True)
class Overload:
    """What twice the saturating load did.

    Args:
        peak: answers a second of a closed loop with 16 clients.
        offered: requests a second that really were sent.
        wanted: that should have been sent.
        goodput: answers a second within the deadline.
        p50_ms, p99_ms: of accepted requests.
        statuses: of all answers, how often each came.
        retry_after: whether a refusal says when to come again; None if none was seen.
    """

    peak: float
    offered: float
    wanted: float
    goodput: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]
    retry_after: bool | None


def measure_overload(server: Running, body: Body, *, rounds: int, seconds: float) -> Overload:
    """Peak and overload in turn; medians of the rounds, the answers of all of them."""
    found = [_round(server, body, seconds) for _ in range(rounds)]
    statuses: dict[int, int] = {}
    for one in found:
        for status, count in one.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    values = {
        name: float(np.median([getattr(one, name) for one in found]))
        for name in ("peak", "offered", "wanted", "goodput", "p50_ms", "p99_ms")
    }
    seen = [one.retry_after for one in found if one.retry_after is not None]
    return Overload(**values, statuses=statuses, retry_after=all(seen) if seen else None)


def _round(server: Running, body: Body, seconds: float) -> Overload:
    """The saturating load, then twice as much."""
    url = f"{server.url}?timeout_ms={DEADLINE_MS}"
    # Without the deadline: 16 clients of a large network would not all make it, and those refused
    # ask again at once, hundreds of times a second, for nobody tells hey of Retry-After.
    peak = closed_loop(server.url, body, clients=16, seconds=seconds).per_second
    wanted = FACTOR * peak
    clients = int(wanted * DEADLINE_MS / 1000 * CLIENTS_A_REQUEST) + 32
    with _asking(url, body) as headers:
        load = offered(url, body, rate=wanted, clients=clients, seconds=seconds)
    return Overload(
        peak=peak,
        offered=load.offered_per_second,
        wanted=wanted,
        goodput=load.within(DEADLINE_MS / 1000),
        p50_ms=load.quantile_ms(0.5),
        p99_ms=load.quantile_ms(0.99),
        statuses=load.counts(),
        retry_after=all(headers) if headers else None,
    )


@contextmanager
def _asking(url: str, body: Body) -> Iterator[list[bool]]:
    """Ask beside the load, for hey shows no headers: of each refusal, does it say Retry-After?"""
    content, headers = body.file.read_bytes(), {"Content-Type": body.content_type}
    found: list[bool] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(timeout=30) as client:
            while not stop.wait(0.2):
                with suppress(httpx.TransportError):
                    answer = client.post(url, content=content, headers=headers)
                    if answer.status_code in {429, 503}:
                        found.append("retry-after" in answer.headers)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
