"""Many at a time, too many, too late: who gets an answer, and which."""

import asyncio
import io
from collections.abc import Callable

import httpx
import numpy as np

PREDICT = "/v1/models/colours/predict"
SLOW = "/v1/models/slow/predict"


def ready_pictures(count: int) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.random.default_rng(3).integers(0, 255, (count, 48, 64, 3), np.uint8))
    return buffer.getvalue()


def test_of_64_requests_at_a_time_one_bad_picture_costs_one(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    bodies = [pictures[i % 3] for i in range(64)]
    bodies[17] = pictures[0][:150]

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as many:
            return await asyncio.gather(*(many.post(PREDICT, content=body) for body in bodies))

    answers = asyncio.run(ask())
    assert [answer.status_code for answer in answers] == [200] * 17 + [400] + [200] * 46
    for index, answer in enumerate(answers):
        if index != 17:
            best = answer.json()["results"][0]["classes"][0]
            assert best["label"] == ("red", "green", "blue")[index % 3]


def test_a_full_queue_is_429_with_retry_after_and_health_answers_meanwhile(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    path = f"{SLOW}?timeout_ms=30000"
    body = ready_pictures(64)  # as many as the queue of the shared server holds

    async def ask() -> tuple[list[httpx.Response], list[httpx.Response]]:
        async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as many:
            slow = [asyncio.create_task(many.post(path, content=body)) for _ in range(3)]
            await asyncio.wait(slow, return_when=asyncio.FIRST_COMPLETED)
            health = [await many.get(path) for path in ("/livez", "/readyz")]
            assert not all(task.done() for task in slow), "the network was too fast to tell"
            return await asyncio.gather(*slow), health

    answers, health = asyncio.run(ask())
    assert [answer.status_code for answer in health] == [200, 200]
    late = [answer for answer in answers if answer.status_code != 200]
    assert len(late) == 2
    for answer in late:
        refused(answer, 429, "queue_full")
        assert int(answer.headers["retry-after"]) >= 1


def test_a_deadline_that_cannot_be_met_is_429_at_once(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    answer = client.post(SLOW, content=ready_pictures(16), params={"timeout_ms": 20})
    error = refused(answer, 429, "deadline_unreachable")
    assert "its deadline is in 20 ms" in error["message"]
    assert int(answer.headers["retry-after"]) >= 1
