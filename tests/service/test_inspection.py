"""The road of every inspection: beside the predictions, bounded, in time, and never for nobody."""

import asyncio
import io
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

import engine.sessions
from bundle.repository import Bundle
from engine.errors import DeadlineExceededError, MethodError
from service.application import build_application
from service.catalogue import Catalogue
from service.inspection import Inspection, Job, StoppedError, Task
from service.metrics import Metrics
from service.settings import Settings

ACTIVATIONS = "/v1/models/colours/activations?layer=pool"
SECONDS = 30


class Builds:
    """Holds up every inspection session that is opened until `go` is set."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.begun = threading.Event()
        self.go = threading.Event()

    async def under_way(self) -> None:
        """Returns once a session is being opened."""
        assert await asyncio.to_thread(self.begun.wait, SECONDS)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    held, open_session = Builds(), engine.sessions.open_session

    def slowly(*args: Any, **options: Any) -> Any:
        held.threads.append(threading.current_thread().name)
        held.begun.set()
        assert held.go.wait(SECONDS)
        return open_session(*args, **options)

    monkeypatch.setattr("engine.sessions.open_session", slowly)
    return held


@pytest.fixture
def body(colour_pictures: np.ndarray) -> bytes:
    """Two ready pictures."""
    buffer = io.BytesIO()
    np.save(buffer, colour_pictures[1:])
    return buffer.getvalue()


def inside(
    colours: Bundle, ask: Callable[[httpx.AsyncClient], Awaitable[None]], **more: Any
) -> None:
    """Run the whole application in this process, and ask it something."""

    async def run() -> None:
        application = build_application(Settings(models=colours.folder.parents[1], **more))
        transport = httpx.ASGITransport(application.road)
        async with (
            application.app.router.lifespan_context(application.app),
            httpx.AsyncClient(transport=transport, base_url="http://here") as client,
        ):
            await ask(client)

    asyncio.run(run())


async def pending(client: httpx.AsyncClient) -> float:
    """What the metrics say of inspections that are not done."""
    text = (await client.get("/metrics")).text
    [line] = [line for line in text.splitlines() if line.startswith("cutaway_inspections_pending{")]
    return float(line.split()[-1])


def test_predictions_are_answered_while_a_session_is_built(
    colours: Bundle, builds: Builds, body: bytes
) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        inspected = asyncio.create_task(client.post(ACTIVATIONS, content=body))
        await builds.under_way()
        predicted = await client.post("/v1/models/colours/predict", content=body)
        assert predicted.status_code == 200
        assert len(predicted.json()["results"]) == 2
        assert (await client.get("/readyz")).status_code == 200
        assert await pending(client) == 1
        assert not inspected.done()
        builds.go.set()
        assert (await inspected).status_code == 200
        assert [name.rstrip("_0") for name in builds.threads] == ["inspection"]

    inside(colours, ask)


def test_nothing_is_loaded_before_somebody_asks(
    colours: Bundle, builds: Builds, body: bytes
) -> None:
    others = set(threading.enumerate())  # other applications may live in this process

    async def ask(client: httpx.AsyncClient) -> None:
        assert (await client.post("/v1/models/colours/predict", content=body)).is_success
        begun = set(threading.enumerate()) - others
        assert not any(thread.name.startswith("inspection") for thread in begun)
        assert "cutaway_inspections_pending{" not in (await client.get("/metrics")).text
        assert builds.threads == []

    inside(colours, ask)


def test_a_full_queue_is_429_with_retry_after(
    colours: Bundle, builds: Builds, body: bytes, refused: Callable[..., dict]
) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        running = asyncio.create_task(client.post(ACTIVATIONS, content=body))
        await builds.under_way()
        waiting = asyncio.create_task(client.post(ACTIVATIONS, content=body))
        while await pending(client) < 2:
            await asyncio.sleep(0)
        late = await client.post(ACTIVATIONS, content=body)
        error = refused(late, 429, "queue_full")
        assert error["message"].startswith("2 inspections run or wait")
        assert int(late.headers["retry-after"]) >= 1
        builds.go.set()
        assert [answer.status_code for answer in await asyncio.gather(running, waiting)] == [
            200
        ] * 2
        assert (await client.post(ACTIVATIONS, content=body)).status_code == 200

    inside(colours, ask, inspect_queue=1)


def test_a_deadline_is_504_and_what_still_waited_never_runs(
    colours: Bundle, builds: Builds, body: bytes, refused: Callable[..., dict]
) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        running = asyncio.create_task(client.post(f"{ACTIVATIONS}&timeout_ms=400", content=body))
        await builds.under_way()
        waited = await client.post(f"{ACTIVATIONS}&sort=contribution&timeout_ms=30", content=body)
        assert refused(waited, 504, "deadline_exceeded")["message"] == "no answer within 30 ms"
        refused(await running, 504, "deadline_exceeded")
        assert await pending(client) == 1, "the thread is still at it"
        builds.go.set()
        while await pending(client):
            await asyncio.sleep(0)
        assert len(builds.threads) == 1

    inside(colours, ask)


class Harness:
    """The road with a model, and work of the test's own."""

    def __init__(self, catalogue: Catalogue, inspection: Inspection, pixels: np.ndarray) -> None:
        self._catalogue = catalogue
        self._inspection = inspection
        self._pixels = pixels

    async def run(
        self,
        work: Callable[[Job], Any],
        *,
        left: asyncio.Event | None = None,
        timeout_ms: int = SECONDS * 1000,
        **options: Any,
    ) -> Any:
        """Run `work`; the client leaves when `left` is set."""

        async def receive() -> Message:
            await (left or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        served = self._catalogue.find("colours")
        task = Task("activations", served, receive, self._pixels, timeout_ms, **options)
        return await self._inspection.run(task, work)


@asynccontextmanager
async def road(root: Path, metrics: Metrics, pixels: np.ndarray) -> AsyncGenerator[Harness]:
    settings = Settings(models=root)
    catalogue = Catalogue(settings)
    async with catalogue.open(), Inspection(settings, metrics) as inspection:
        yield Harness(catalogue, inspection, pixels)


def test_a_client_that_leaves_stops_the_work(colours: Bundle, colour_pictures: np.ndarray) -> None:
    metrics = Metrics()

    async def ask() -> None:
        begun, left, ended = threading.Event(), asyncio.Event(), threading.Event()

        def work(job: Job) -> None:
            begun.set()
            try:
                while True:
                    job.progress(1, 2)
            except StoppedError:
                ended.set()
                raise

        async with road(colours.folder.parents[1], metrics, colour_pictures) as harness:
            running = asyncio.create_task(harness.run(work, left=left))
            assert await asyncio.to_thread(begun.wait, SECONDS)
            left.set()
            with pytest.raises(ClientDisconnect):
                await running
            assert await asyncio.to_thread(ended.wait, SECONDS)

    asyncio.run(ask())
    text = metrics.render().decode()
    assert 'cutaway_inspections_total{kind="activations",outcome="client_left"} 1.0' in text


def test_long_work_hears_of_its_deadline_and_says_how_far_it_is(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    heard: list[tuple[int, int]] = []
    raised: list[BaseException] = []

    def work(job: Job) -> None:
        try:
            for done in range(1_000_000_000):
                job.progress(done, 1_000_000_000)
        except Exception as error:
            raised.append(error)
            raise

    async def ask() -> None:
        async with road(colours.folder.parents[1], Metrics(), colour_pictures) as harness:
            with pytest.raises(DeadlineExceededError, match="no answer within 60 ms"):
                await harness.run(work, timeout_ms=60, listener=lambda *at: heard.append(at))

    asyncio.run(ask())
    assert heard[:2] == [(0, 1_000_000_000), (1, 1_000_000_000)]
    assert isinstance(raised[0], StoppedError | DeadlineExceededError)


def test_an_error_of_the_work_comes_back_as_it_is_and_is_counted(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    metrics = Metrics()

    def work(job: Job) -> None:
        assert job.pictures.pixels.shape == (3, 48, 64, 3)
        assert job.pictures.good == [0, 1, 2]
        raise MethodError("no")

    async def ask() -> None:
        async with road(colours.folder.parents[1], metrics, colour_pictures) as harness:
            with pytest.raises(MethodError, match="no"):
                await harness.run(work)
            with pytest.raises(ZeroDivisionError):
                await harness.run(lambda _: 1 / 0)

    asyncio.run(ask())
    text = metrics.render().decode()
    for outcome in ("method_not_applicable", "internal"):
        assert f'cutaway_inspections_total{{kind="activations",outcome="{outcome}"}} 1.0' in text
        pictures = f'model="colours",outcome="{outcome}",version="1"'
        assert f"cutaway_images_total{{{pictures}}} 3.0" in text
