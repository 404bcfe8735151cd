"""Versions come and go under load, good ones, broken ones, and on a disk that is full."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from bundle.errors import PublishError
from bundle.repository import PREDICT, Bundle, Repository
from tests.faults.conftest import Record, Starter
from tests.faults.load import Load
from tests.servers import Server

pytestmark = pytest.mark.faults

Publisher = Callable[[Path, str], Bundle]
FLIPS = 60
POLL = {"CUTAWAY_POLL_SECONDS": "1"}


def wait_for_version(load: Load, version: int) -> None:
    """Return once an answer comes from it."""
    deadline = time.monotonic() + 60
    while load.books.last != version:
        assert time.monotonic() < deadline, load.books
        time.sleep(0.05)


def write_aliases(models: Path, aliases: dict[str, int]) -> None:
    """In one rename, as an operator's script does it."""
    new = models / "colours/.aliases.json"
    new.write_text(json.dumps(aliases))
    new.rename(models / "colours/aliases.json")


def failed_versions(server: Server) -> list[int]:
    """What /v1/models reports as failed."""
    failed = httpx.get(f"{server.url}/v1/models").json()["failed"]
    return [failure["version"] for failure in failed]


def test_the_default_flips_every_second_for_a_minute(
    start: Starter, models: Path, publish_model: Publisher, record: Record
) -> None:
    publish_model(models, "colours")
    write_aliases(models, {"default": 1, "stable": 1, "canary": 2})
    server = start(CUTAWAY_MODELS=str(models), **POLL)
    with Load(server.url) as load:
        for flip in range(FLIPS):
            write_aliases(models, {"default": 1 + (flip + 1) % 2, "stable": 1, "canary": 2})
            time.sleep(1)
        wait_for_version(load, 1)
    record("the default version flips every second for a minute", load.books)
    assert load.books.failures == []
    assert load.books.answered == load.books.sent
    assert load.books.changes >= FLIPS / 2, "a poll may miss one"


def test_a_new_version_every_second_for_half_a_minute(
    start: Starter, models: Path, publish_model: Publisher, record: Record
) -> None:
    server = start(CUTAWAY_MODELS=str(models), **POLL)
    last = 1
    with Load(server.url) as load:
        for _ in range(30):
            last = publish_model(models, "colours").manifest.version
            time.sleep(1)
        wait_for_version(load, last)
    record("a new version is published every second for half a minute", load.books)
    assert load.books.failures == []
    assert load.books.answered == load.books.sent
    assert list(load.books.versions) == sorted(load.books.versions), "an old one came back"


def test_a_broken_version_is_reported_and_the_old_one_goes_on(
    start: Starter, models: Path, publish_model: Publisher, record: Record, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    publish_model(elsewhere, "colours")
    broken = publish_model(elsewhere, "colours")
    graph = broken.path(PREDICT)
    graph.write_bytes(graph.read_bytes()[:-1] + b"\x00")
    server = start(CUTAWAY_MODELS=str(models), **POLL)
    with Load(server.url) as load:
        broken.folder.rename(models / "colours/2")
        while failed_versions(server) != [2]:
            load.wait_for(8)
        assert set(load.books.versions) == {1}
        publish_model(models, "colours")
        wait_for_version(load, 3)
    record("a broken version is published, then a good one", load.books)
    assert load.books.failures == []
    assert load.books.answered == load.books.sent
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for a few small versions."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let the tests mount a tmpfs")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """A file that leaves no room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(os.urandom(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return filler


def test_a_disk_that_is_full_publishes_nothing_and_the_old_version_goes_on(
    start: Starter, small_disk: Path, publish_model: Publisher, record: Record
) -> None:
    models = small_disk / "models"
    publish_model(models, "colours")
    server = start(CUTAWAY_MODELS=str(models), **POLL)
    with Load(server.url) as load:
        filler = fill(small_disk)
        for _ in range(5):
            with pytest.raises(PublishError, match="is full"):
                publish_model(models, "colours")
            load.wait_for(50)
        assert Repository(models).versions("colours") == [1]
        assert [path.name for path in (models / "colours").iterdir()] == ["1"]
        assert failed_versions(server) == []
        filler.unlink()
        publish_model(models, "colours")
        wait_for_version(load, 2)
    record("the disk is full while a version is published, then is not", load.books)
    server.stop()
    assert load.books.failures == []
    assert load.books.answered == load.books.sent
