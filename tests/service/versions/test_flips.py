"""A real server under load, while versions come and go: nothing fails."""

import json
import shutil
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bundle.aliases import ALIASES
from bundle.repository import Bundle
from tests.servers import Server
from tests.service.versions.damages import alter, mislead, until

Publisher = Callable[[Path, str], Bundle]
CLIENTS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A server, and the repository that it serves."""

    server: Server
    root: Path
    publish: Publisher

    def served(self, name: str) -> dict[int, list[str]]:
        """Versions of a model that are served, and what else finds each."""
        models = httpx.get(f"{self.server.url}/v1/models").json()["models"]
        return {model["version"]: model["aliases"] for model in models if model["name"] == name}

    def failed(self, name: str) -> list[tuple[int | None, str]]:
        """Versions of a model that failed, and why."""
        failed = httpx.get(f"{self.server.url}/v1/models").json()["failed"]
        return [
            (each["version"], each["error"]["details"]["reason"])
            for each in failed
            if each["name"] == name
        ]

    def default(self, name: str) -> int | None:
        """Which version answers who names none."""
        found = [version for version, names in self.served(name).items() if "default" in names]
        return found[0] if found else None


@dataclass(slots=True)
class Load:
    """What clients got so far."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    versions: Counter[int] = field(default_factory=Counter[int])
    errors: list[str] = field(default_factory=list[str])
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self, url: str, picture: bytes) -> None:
        """One client, until it is stopped."""
        with httpx.Client(timeout=60) as client:
            while not self.stop.is_set():
                try:
                    answer = client.post(url, content=picture)
                except httpx.TransportError as error:
                    self.errors.append(repr(error))
                    continue
                self.statuses[answer.status_code] += 1
                if answer.is_success:
                    self.versions[answer.json()["version"]] += 1


@pytest.fixture(scope="module")
def place(
    start_server: Callable[..., Server],
    publish_model: Publisher,
    tmp_path_factory: pytest.TempPathFactory,
) -> Place:
    root = tmp_path_factory.mktemp("flips") / "models"
    publish_model(root, "first")
    server = start_server(
        CUTAWAY_MODELS=str(root), CUTAWAY_POLL_SECONDS="0.1", CUTAWAY_DEVICE="cpu"
    )
    return Place(server, root, publish_model)


@contextmanager
def load_on(place: Place, name: str, picture: bytes) -> Iterator[Load]:
    """Clients that ask a model without pause; nothing they ask may fail."""
    load = Load()
    url = f"{place.server.url}/v1/models/{name}/predict"
    clients = [threading.Thread(target=load.ask, args=(url, picture)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield load
    finally:
        load.stop.set()
        for client in clients:
            client.join()
    assert load.errors == []
    assert set(load.statuses) == {200}


def test_new_versions_take_over_under_load_and_nothing_fails(
    place: Place, pictures: tuple[bytes, ...]
) -> None:
    place.publish(place.root, "flip")
    until(lambda: place.default("flip") == 1)
    with load_on(place, "flip", pictures[0]) as load:
        for version in (2, 3, 4):
            until(lambda: load.versions)
            place.publish(place.root, "flip")
            until(lambda version=version: place.default("flip") == version)
            until(lambda version=version: load.versions[version])
        assert sorted(place.served("flip")) == [4]
    assert sorted(load.versions) == [1, 2, 3, 4]


def test_labels_flip_between_versions_under_load_and_nothing_fails(
    place: Place, pictures: tuple[bytes, ...]
) -> None:
    for _ in range(2):
        place.publish(place.root, "labels")
    aliases = place.root / "labels" / ALIASES
    aliases.write_text('{"default": 1, "canary": 2}')
    until(lambda: place.served("labels") == {1: ["default"], 2: ["canary", "latest"]})
    with load_on(place, "labels", pictures[0]) as load:
        for flip in range(10):
            version = 2 - flip % 2
            aliases.write_text(json.dumps({"default": version, "canary": 2, "old": 1}))
            until(lambda version=version: place.default("labels") == version)
    assert sorted(load.versions) == [1, 2]
    url = f"{place.server.url}/v1/models/labels/versions"
    for name, version in (("canary", 2), ("old", 1), ("latest", 2), ("1", 1)):
        answer = httpx.post(f"{url}/{name}/predict", content=pictures[0])
        assert answer.json()["version"] == version
    text = httpx.get(f"{place.server.url}/metrics").text
    [flips] = [line for line in text.splitlines() if 'version_flips_total{model="labels"' in line]
    assert float(flips.split()[-1]) >= 9


@pytest.mark.parametrize(("spoil", "reason"), [(alter, "corrupt"), (mislead, "golden")])
def test_a_bad_version_is_reported_and_the_old_one_goes_on_under_load(
    place: Place,
    pictures: tuple[bytes, ...],
    tmp_path: Path,
    spoil: Callable[[Bundle], None],
    reason: str,
) -> None:
    name = f"bad-{reason}"
    place.publish(place.root, name)
    until(lambda: place.default(name) == 1)
    place.publish(tmp_path, name)
    bad = place.publish(tmp_path, name)
    spoil(bad)
    with load_on(place, name, pictures[0]) as load:
        bad.folder.rename(place.root / name / "2")
        until(lambda: place.failed(name) == [(2, reason)])
        asked = load.statuses.total()
        until(lambda: load.statuses.total() > asked + 20)
    assert set(load.versions) == {1}
    metrics = httpx.get(f"{place.server.url}/metrics").text
    line = f'cutaway_version_failures_total{{model="{name}",reason="{reason}"}} 1.0'
    assert line in metrics, "it was tried once"
    assert f'cutaway_versions_failing{{model="{name}"}} 1.0' in metrics
    assert f"{name} version 2 is not served: " in place.server.log.read_text()
    shutil.rmtree(place.root / name / "2")
    until(lambda: place.failed(name) == [])


@pytest.mark.parametrize("question", ["predict?top_k=1", "activations?layer=pool&values=false"])
def test_a_request_that_began_before_a_flip_is_answered_by_the_version_that_it_found(
    place: Place, pictures: tuple[bytes, ...], question: str
) -> None:
    name = f"slow-{question.partition('?')[0]}"
    place.publish(place.root, name)
    until(lambda: place.default(name) == 1)
    body, parts = pictures[0], urlsplit(place.server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as client:
        head = (
            f"POST /v1/models/{name}/{question} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body[:100])
        place.publish(place.root, name)
        until(lambda: place.default(name) == 2)
        assert sorted(place.served(name)) == [2]
        client.sendall(body[100:])
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["version"] == 1
    until(lambda: f"{name} version 1 is no longer served" in place.server.log.read_text())
