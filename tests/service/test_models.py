"""What the service says it serves."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest


def test_the_models_are_listed_with_the_version_that_is_served(client: httpx.Client) -> None:
    body = client.get("/v1/models").json()
    assert [(model["name"], model["version"]) for model in body["models"]] == [
        ("colours", 2),
        ("slow", 1),
    ]
    colours = body["models"][0]
    assert colours["versions"] == [1, 2]
    assert colours["input"]["height"] == 48
    assert colours["input"]["width"] == 64
    assert colours["classes"] == 3


def test_every_model_says_where_it_runs_and_why_nowhere_else(client: httpx.Client) -> None:
    colours = client.get("/v1/models").json()["models"][0]
    assert colours["precision"] == "fp32"
    assert {colours["device"], *colours["refused"]} == {"cpu", "openvino", "cuda", "tensorrt"}
    assert all(colours["refused"].values())
    metrics = client.get("/metrics").text
    device = colours["device"]
    runs = f'device="{device}",model="colours",status="runs",version="2"'
    assert f"cutaway_device_info{{{runs}}} 1.0" in metrics
    [info] = [line for line in metrics.splitlines() if line.startswith("cutaway_model_info{")][:1]
    assert f'device="{device}",model="colours",precision="fp32"' in info
    for refused in colours["refused"]:
        assert f'cutaway_device_info{{device="{refused}",model="colours"' in metrics


def test_a_corrupt_bundle_is_reported_and_the_others_are_served(client: httpx.Client) -> None:
    [failed] = client.get("/v1/models").json()["failed"]
    assert (failed["name"], failed["version"]) == ("broken", 1)
    assert failed["error"]["code"] == "bundle_not_served"
    assert "/" not in failed["error"]["message"]


@pytest.mark.usefixtures("client")
def test_the_log_says_why_a_bundle_is_not_served(server: Any) -> None:
    log = server.log.read_text()
    assert "broken version 1 is not served" in log
    assert "was altered: expected sha256" in log


@pytest.mark.parametrize("path", ["/v1/models/colours", "/v1/models/colours/versions/2"])
def test_a_model_is_its_manifest_in_short(client: httpx.Client, path: str) -> None:
    body = client.get(path).json()
    assert body["labels"] == ["red", "green", "blue"]
    assert body["preprocessing"]["recipe"] == "tensorflow"
    assert body["activation"] == "softmax"
    assert body["layers"] == 2
    assert "files" not in body


@pytest.mark.parametrize("version", ["", "/versions/2"])
def test_the_layers_are_listed_in_order(client: httpx.Client, version: str) -> None:
    body = client.get(f"/v1/models/colours{version}/layers").json()
    assert [layer["path"] for layer in body["layers"]] == ["rescaling", "pool"]
    assert body["layers"][0]["shape"] == [48, 64, 3]


def test_a_bundle_for_prediction_alone_has_no_layers(client: httpx.Client) -> None:
    assert client.get("/v1/models/slow/layers").json()["layers"] == []


@pytest.mark.parametrize("suffix", ["", "/layers", "/versions/1", "/versions/9/layers"])
def test_an_unknown_model_or_version_is_404(
    client: httpx.Client, refused: Callable[..., dict], suffix: str
) -> None:
    refused(client.get(f"/v1/models/nothing{suffix}"), 404, "model_not_found")
    if "versions" in suffix:
        refused(client.get(f"/v1/models/colours{suffix}"), 404, "model_not_found")


def test_a_name_cannot_leave_the_repository(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    refused(client.get("/v1/models/..%2Fcolours"), 404, "not_found")
    refused(client.get("/v1/models/.staging-1"), 404, "model_not_found")
