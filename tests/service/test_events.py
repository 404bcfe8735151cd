"""Events, without a server: threads that report, clients that are slow or leave."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

import orjson
import pytest
from starlette.requests import Request

from engine.errors import MethodError
from engine.progress import Progress
from service.events import Latest, events, wants_events


def parse(piece: bytes) -> tuple[str, Any]:
    head, body, *rest = piece.decode().split("\n")
    assert rest == ["", ""]
    return head.removeprefix("event: "), orjson.loads(body.removeprefix("data: "))


def counting(steps: int) -> Callable[[Progress], Any]:
    """Reports every step from a thread, as fast as it can."""

    def work(progress: Progress) -> bytes:
        for done in range(1, steps + 1):
            progress(done, steps)
        return orjson.dumps({"steps": steps})

    return lambda progress: asyncio.to_thread(work, progress)


async def read_all(stream: AsyncGenerator[bytes]) -> list[tuple[str, Any]]:
    return [parse(piece) async for piece in stream]


def test_the_last_step_and_the_answer_arrive_and_done_only_grows() -> None:
    async def ask() -> list[tuple[str, Any]]:
        return await read_all(events(counting(5000)))

    *steps, (name, answer) = asyncio.run(ask())
    assert (name, answer) == ("answer", {"steps": 5000})
    assert {name for name, _ in steps} == {"progress"}
    done = [step["done"] for _, step in steps]
    assert done == sorted(set(done))
    assert steps[-1][1] == {"done": 5000, "total": 5000}


def test_a_client_that_reads_slowly_holds_up_neither_the_work_nor_memory() -> None:
    async def ask() -> int:
        stream = events(counting(100_000))
        pieces = [await anext(stream)]
        await asyncio.sleep(0.3)  # the work goes on, and ends
        return len(pieces + [piece async for piece in stream])

    assert asyncio.run(ask()) < 20, "steps were kept for a client that did not read them"


def test_work_without_a_step_has_an_answer_alone() -> None:
    async def ask() -> list[tuple[str, Any]]:
        return await read_all(events(counting(0)))

    assert asyncio.run(ask()) == [("answer", {"steps": 0})]


def test_an_expected_error_is_an_event_in_the_one_shape() -> None:
    async def work(progress: Progress) -> bytes:
        progress(1, 2)
        raise MethodError("no pooled head; ask grad-cam")

    async def ask() -> list[tuple[str, Any]]:
        return await read_all(events(work))

    name, body = asyncio.run(ask())[-1]
    assert name == "error"
    assert list(body) == ["error"]
    assert body["error"]["code"] == "method_not_applicable"
    assert body["error"]["message"] == "no pooled head; ask grad-cam"


def test_an_unexpected_error_is_internal_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(progress: Progress) -> bytes:
        progress(1, 2)
        raise ZeroDivisionError("secret")

    async def ask() -> list[tuple[str, Any]]:
        return await read_all(events(work))

    with caplog.at_level(logging.ERROR, logger="cutaway"):
        name, body = asyncio.run(ask())[-1]
    assert (name, body["error"]["code"]) == ("error", "internal")
    assert "secret" not in body["error"]["message"]
    assert "secret" in caplog.text


def test_a_client_that_leaves_cancels_the_work() -> None:
    async def ask() -> bool:
        cancelled = asyncio.Event()

        async def work(progress: Progress) -> bytes:
            progress(1, 2)
            try:
                await asyncio.sleep(60)
                return b"{}"
            except asyncio.CancelledError:
                cancelled.set()
                raise

        stream = events(work)
        await anext(stream)
        await stream.aclose()
        async with asyncio.timeout(5):
            return await cancelled.wait()

    assert asyncio.run(ask())


def test_a_step_of_another_thread_is_never_missed() -> None:
    async def ask() -> tuple[int, int]:
        latest = Latest()
        last = (0, 0)
        for step in range(300):
            thread = threading.Thread(target=latest.report, args=(step, 300))
            thread.start()
            async with asyncio.timeout(5):
                last = await anext(latest.steps())
            thread.join()
            assert last == (step, 300)
        return last

    assert asyncio.run(ask()) == (299, 300)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/event-stream", True),
        ("application/json, Text/Event-Stream;q=0.9", True),
        ("application/json", False),
        ("*/*", False),
        ("text/event-streams", False),
        ("", False),
    ],
)
def test_events_are_for_those_who_ask_for_them(accept: str, expected: bool) -> None:
    headers = [(b"accept", accept.encode())] if accept else []
    assert wants_events(Request({"type": "http", "headers": headers})) is expected
