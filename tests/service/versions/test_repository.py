"""`/v2/repository/…` of a real server."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bundle.repository import Bundle
from tests.servers import Server
from tests.service.versions.damages import alter

Publisher = Callable[[Path, str], Bundle]
INDEX = "/v2/repository/index"
LOAD = "/v2/repository/models/colours/load"
UNLOAD = "/v2/repository/models/colours/unload"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, publish_model: Publisher) -> Path:
    root = tmp_path_factory.mktemp("by-hand") / "models"
    publish_model(root, "colours")
    publish_model(root, "other")
    return root


@pytest.fixture(scope="module")
def by_hand(start_server: Callable[..., Server], root: Path) -> Iterator[httpx.Client]:
    """A server that looks into its repository when it is told to, and no sooner."""
    server = start_server(CUTAWAY_MODELS=str(root), CUTAWAY_POLL_SECONDS="0", CUTAWAY_DEVICE="cpu")
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def error(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert list(body) == ["error"]
    assert "Traceback" not in body["error"]
    return body["error"]


def ready(client: httpx.Client) -> list[tuple[str, str]]:
    lines = client.post(INDEX, json={"ready": True}).json()
    return [(line["name"], line["version"]) for line in lines]


def test_the_index_lists_what_is_served(by_hand: httpx.Client) -> None:
    answer = by_hand.post(INDEX)
    assert answer.status_code == 200
    assert answer.json() == [
        {"name": "colours", "version": "1", "state": "READY", "reason": ""},
        {"name": "other", "version": "1", "state": "READY", "reason": ""},
    ]


def test_a_version_is_served_once_load_has_answered(
    by_hand: httpx.Client, root: Path, publish_model: Publisher
) -> None:
    publish_model(root, "colours")
    assert ready(by_hand) == [("colours", "1"), ("other", "1")]
    answer = by_hand.post(LOAD, json={})
    assert answer.status_code == 200
    assert answer.json() == {"name": "colours", "ready": True}
    assert ready(by_hand) == [("colours", "2"), ("other", "1")]
    assert by_hand.get("/v2/models/colours").json()["versions"] == ["2"]


def test_a_version_that_fails_is_said_and_the_old_one_goes_on(
    by_hand: httpx.Client, root: Path, publish_model: Publisher
) -> None:
    bad = publish_model(root, "colours")
    alter(bad)
    said = error(by_hand.post(LOAD), 422)
    assert said.startswith("colours version 3 is not served: its files are not those that")
    assert str(root) not in said
    assert ("colours", "2") in ready(by_hand)
    [line] = [line for line in by_hand.post(INDEX).json() if line.get("version") == "3"]
    assert line["state"] == "UNAVAILABLE"
    assert line["reason"] == "its files are not those that were published"
    shutil.rmtree(bad.folder)
    assert by_hand.post(LOAD).status_code == 200


def test_what_is_unloaded_is_404_until_it_is_loaded(by_hand: httpx.Client) -> None:
    try:
        answer = by_hand.post(UNLOAD, json={"parameters": {"unload_dependents": False}})
        assert answer.status_code == 200
        assert answer.json() == {"name": "colours", "ready": False}
        error(by_hand.get("/v2/models/colours"), 404)
        assert by_hand.get("/v1/models/colours").status_code == 404
        assert by_hand.get("/readyz").status_code == 200
        lines = by_hand.post(INDEX, json={"ready": False}).json()
        assert lines[0] == {"name": "colours", "state": "UNAVAILABLE", "reason": "unloaded"}
    finally:
        assert by_hand.post(LOAD).status_code == 200
    assert by_hand.get("/v2/models/colours/ready").status_code == 200


@pytest.mark.parametrize("name", ["nothing", "..", ".staging-1", "a%2F..%2Fcolours", "%00"])
@pytest.mark.parametrize("verb", ["load", "unload"])
def test_a_model_that_is_not_there_is_404(by_hand: httpx.Client, name: str, verb: str) -> None:
    error(by_hand.post(f"/v2/repository/models/{name}/{verb}"), 404)


@pytest.mark.parametrize("name", ["config", "file:1/model.onnx", "file:../../etc/passwd"])
@pytest.mark.parametrize("verb", ["load", "unload"])
def test_files_and_configurations_are_never_taken(
    by_hand: httpx.Client, root: Path, name: str, verb: str
) -> None:
    before = sorted(root.rglob("*"))
    body = {"parameters": {name: "bm90aGluZw=="}}
    said = error(by_hand.post(f"/v2/repository/models/colours/{verb}", json=body), 501)
    assert repr(name) in said
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (INDEX, b"{"),
        (INDEX, b"[]"),
        (INDEX, b"null"),
        (INDEX, b'{"ready": "yes"}'),
        (INDEX, b'{"ready": 1}'),
        (INDEX, b"\xff\xfe"),
        (LOAD, b"{"),
        (LOAD, b"7"),
        (LOAD, b'{"parameters": []}'),
        (LOAD, b'{"parameters": {"surprise": 1}}'),
        (UNLOAD, b'{"parameters": "x"}'),
    ],
)
def test_a_malformed_request_is_400(by_hand: httpx.Client, path: str, body: bytes) -> None:
    error(by_hand.post(path, content=body), 400)


@pytest.mark.parametrize("path", [INDEX, LOAD, UNLOAD])
def test_another_method_is_405(by_hand: httpx.Client, path: str) -> None:
    error(by_hand.get(path), 405)


def test_the_openapi_document_names_them(by_hand: httpx.Client) -> None:
    paths: dict[str, Any] = by_hand.get("/openapi.json").json()["paths"]
    for verb in ("load", "unload"):
        responses = paths[f"/v2/repository/models/{{model}}/{verb}"]["post"]["responses"]
        assert {"200", "400", "404", "422", "501"} <= set(responses)
    assert "post" in paths[INDEX]
