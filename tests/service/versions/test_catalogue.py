"""What requests find while versions come and go, without HTTP around it."""

import asyncio
import gc
import shutil
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bundle.errors import ModelNotFoundError
from bundle.repository import Bundle
from service.catalogue import Catalogue
from service.errors import NotReadyError, VersionFailedError
from service.predictor import Predictor
from service.settings import Settings
from tests.service.versions.damages import SECONDS, alter

Publish = Callable[..., Bundle]
Label = Callable[..., None]


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[Catalogue]:
    catalogue = Catalogue(settings)
    async with catalogue.open():
        yield catalogue


def run(settings: Settings, ask: Callable[[Catalogue], Awaitable[None]]) -> None:
    async def serve() -> None:
        async with serving(settings) as catalogue:
            await ask(catalogue)

    asyncio.run(serve())


async def label_of(served: Predictor, pixels: np.ndarray) -> list[str]:
    answer = await served.predict(pixels, top_k=1, timeout_ms=SECONDS * 1000)
    return [result["classes"][0]["label"] for result in answer["results"]]


def version(served: Predictor) -> int:
    return served.manifest.version


def test_versions_are_found_by_number_and_by_label(
    settings: Settings, publish: Publish, label: Label
) -> None:
    for _ in range(4):
        publish()
    label(default=2, canary=3)

    async def ask(catalogue: Catalogue) -> None:
        assert version(catalogue.find("colours")) == 2
        found = {name: version(catalogue.find("colours", name)) for name in ("2", "3", "canary")}
        assert found == {"2": 2, "3": 3, "canary": 3}
        assert version(catalogue.find("colours", "default")) == 2
        assert version(catalogue.find("colours", "latest")) == 3, "of those that are served"
        assert [version(served) for served in catalogue] == [2, 3]
        assert list(catalogue.find("colours").versions) == [2, 3]
        for missing in ("1", "4", "02", "stable", ""):
            with pytest.raises(ModelNotFoundError, match="there are: 2, 3, latest, default, canar"):
                catalogue.find("colours", missing)

    run(settings, ask)


def test_a_new_version_is_noticed_and_becomes_the_default(
    settings: Settings, publish: Publish
) -> None:
    publish()
    settings = settings.model_copy(update={"poll_seconds": 0.05})

    async def ask(catalogue: Catalogue) -> None:
        assert version(catalogue.find("colours")) == 1
        publish()
        async with asyncio.timeout(SECONDS):
            while version(catalogue.find("colours")) == 1:
                await asyncio.sleep(0.01)
        assert [version(served) for served in catalogue] == [2]

    run(settings, ask)


def test_whoever_has_the_old_version_is_answered_by_it_and_then_it_is_gone(
    settings: Settings, publish: Publish, colour_pictures: np.ndarray
) -> None:
    publish()

    async def ask(catalogue: Catalogue) -> None:
        with catalogue.find("colours") as old:
            trace = weakref.ref(old.classifier)
            publish()
            await catalogue.load("colours")
            assert version(catalogue.find("colours")) == 2
            await asyncio.sleep(0.1)
            assert await label_of(old, colour_pictures) == ["red", "green", "blue"]
            submitted = asyncio.create_task(label_of(old, colour_pictures))
            await asyncio.sleep(0)
        assert await submitted == ["red", "green", "blue"], "the lease is over, not the request"
        del old, submitted
        async with asyncio.timeout(SECONDS):
            while trace() is not None:
                await asyncio.sleep(0.01)

    gc.collect()
    gc.disable()
    try:
        run(settings, ask)
    finally:
        gc.enable()


def test_loading_says_what_failed_and_serves_what_it_can(
    settings: Settings, publish: Publish
) -> None:
    publish()

    async def ask(catalogue: Catalogue) -> None:
        alter(publish())
        said = r"^colours version 2 is not served: its files are not those that were published; "
        for _ in range(2):
            with pytest.raises(VersionFailedError, match=said):
                await catalogue.load("colours")
        assert version(catalogue.find("colours")) == 1
        assert [failure.version for failure in catalogue.failures] == [2]
        publish()
        await catalogue.load("colours")
        assert version(catalogue.find("colours")) == 3
        with pytest.raises(ModelNotFoundError, match="no model 'nothing'"):
            await catalogue.load("nothing")

    run(settings, ask)


def test_what_is_unloaded_stays_so_until_somebody_loads_it(
    settings: Settings, publish: Publish
) -> None:
    publish()
    publish("other")
    settings = settings.model_copy(update={"poll_seconds": 0.02})

    async def ask(catalogue: Catalogue) -> None:
        await catalogue.unload("colours")
        await catalogue.unload("colours")
        publish()
        await asyncio.sleep(0.3)
        with pytest.raises(ModelNotFoundError, match="no model 'colours'; nearest: other"):
            catalogue.find("colours")
        assert catalogue.index()[0] == {
            "name": "colours",
            "state": "UNAVAILABLE",
            "reason": "unloaded",
        }
        with pytest.raises(ModelNotFoundError, match="no model 'nothing'"):
            await catalogue.unload("nothing")
        await catalogue.unload("other")
        with pytest.raises(NotReadyError):
            catalogue.find("colours")
        await catalogue.load("colours")
        assert version(catalogue.find("colours")) == 2

    run(settings, ask)


def test_the_index_has_every_version_and_says_why_one_is_not_served(
    settings: Settings, publish: Publish, label: Label
) -> None:
    for _ in range(3):
        publish()
    alter(publish())
    label(default=2)
    alter(publish("broken"))

    async def ask(catalogue: Catalogue) -> None:
        label(default=2, canary=4)
        with pytest.raises(VersionFailedError):
            await catalogue.load("colours")
        corrupt = "its files are not those that were published"
        idle = "it is neither the default nor has it a label"
        lines = [tuple(line.values()) for line in catalogue.index()]
        assert lines == [
            ("broken", "1", "UNAVAILABLE", corrupt),
            ("colours", "1", "UNAVAILABLE", idle),
            ("colours", "2", "READY", ""),
            ("colours", "3", "UNAVAILABLE", idle),
            ("colours", "4", "UNAVAILABLE", corrupt),
        ]
        assert [line["version"] for line in catalogue.index(ready=True)] == ["2"]

    run(settings, ask)


def test_a_model_that_is_removed_is_no_longer_found(
    settings: Settings, publish: Publish, tmp_path: Path
) -> None:
    publish()
    publish("other")
    settings = settings.model_copy(update={"poll_seconds": 0.02})

    async def ask(catalogue: Catalogue) -> None:
        shutil.rmtree(tmp_path / "other")
        async with asyncio.timeout(SECONDS):
            while len(list(catalogue)) == 2:
                await asyncio.sleep(0.01)
        with pytest.raises(ModelNotFoundError):
            catalogue.find("other")
        assert version(catalogue.find("colours")) == 1

    run(settings, ask)


def test_looking_goes_on_whatever_goes_wrong(
    settings: Settings,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish()
    settings = settings.model_copy(update={"poll_seconds": 0.02})
    looks: list[int] = []

    def fail(_: object) -> list[str]:
        looks.append(1)
        raise OSError("the network disk hangs")

    async def ask(catalogue: Catalogue) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("service.versions.stock.Stock.changed", fail)
            async with asyncio.timeout(SECONDS):
                while len(looks) < 3:
                    await asyncio.sleep(0.01)
        assert caplog.text.count("cannot be looked through") == 1, "said once"
        publish()
        async with asyncio.timeout(SECONDS):
            while version(catalogue.find("colours")) == 1:
                await asyncio.sleep(0.01)

    run(settings, ask)


def test_before_and_after_nothing_is_found(settings: Settings, publish: Publish) -> None:
    publish()
    catalogue = Catalogue(settings)
    assert catalogue.failures == []

    def nothing_is_found() -> None:
        with pytest.raises(NotReadyError):
            catalogue.find("colours")
        assert list(catalogue) == []

    async def serve() -> None:
        nothing_is_found()
        with pytest.raises(NotReadyError):
            catalogue.index()
        async with catalogue.open():
            assert version(catalogue.find("colours")) == 1
        nothing_is_found()

    asyncio.run(serve())
