"""Several versions of a model at a time, in the metrics and in the statistics."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bundle.repository import Bundle
from tests.servers import Server

WAIT_SECONDS = 30
MODEL = "/v1/models/colours"
STATS = "/v2/models/colours{version}/stats"


@pytest.fixture(scope="module")
def repository(
    tmp_path_factory: pytest.TempPathFactory, publish_model: Callable[[Path, str], Bundle]
) -> Path:
    """Two versions, the older one `stable`."""
    root = tmp_path_factory.mktemp("versions") / "models"
    for _ in range(2):
        publish_model(root, "colours")
    label(root, stable=1)
    return root


@pytest.fixture(scope="module")
def client(start_server: Callable[..., Server], repository: Path) -> Iterator[httpx.Client]:
    server = start_server(CUTAWAY_MODELS=str(repository), CUTAWAY_POLL_SECONDS="1")
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def label(root: Path, **labels: int) -> None:
    (root / "colours" / "aliases.json").write_text(json.dumps({"default": 2, **labels}))


def samples(client: httpx.Client) -> Counter[tuple[str, frozenset[tuple[str, str]]]]:
    """Every line of /metrics, as Prometheus tells lines apart, and how often it is there."""
    text = client.get("/metrics").text
    return Counter(
        (sample.name, frozenset(sample.labels.items()))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    )


def versions(client: httpx.Client, name: str) -> set[str]:
    """The versions that a metric knows."""
    return {dict(labels)["version"] for metric, labels in samples(client) if metric == name}


def stats(client: httpx.Client, version: str = "") -> dict[str, int]:
    """Of each version, how many pictures it has predicted."""
    answer = client.get(STATS.format(version=version)).json()
    return {each["version"]: each["inference_count"] for each in answer["model_stats"]}


def test_each_version_has_its_own_numbers(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    for path in ("predict", "versions/stable/predict", "versions/1/predict"):
        assert client.post(f"{MODEL}/{path}", content=pictures[0]).status_code == 200
    assert stats(client) == {"1": 2, "2": 1}
    assert stats(client, "/versions/stable") == {"1": 2}
    for name in ("cutaway_prediction_seconds_count", "cutaway_queued_images", "cutaway_model_info"):
        assert versions(client, name) == {"1", "2"}
    labels = {
        (found["label"], found["version"])
        for metric, found in ((metric, dict(labels)) for metric, labels in samples(client))
        if metric == "cutaway_label_info"
    }
    assert labels == {("default", "2"), ("latest", "2"), ("stable", "1")}
    twice = [sample for sample, count in samples(client).items() if count > 1]
    assert not twice, "Prometheus would refuse the page"


def test_a_version_that_goes_takes_its_numbers_with_it(
    client: httpx.Client, repository: Path, pictures: tuple[bytes, ...]
) -> None:
    client.post(f"{MODEL}/versions/1/predict", content=pictures[0])
    label(repository)
    deadline = time.monotonic() + WAIT_SECONDS
    while set(stats(client)) != {"2"}:
        assert time.monotonic() < deadline, "the version is still served"
        time.sleep(0.1)
    assert "1" not in versions(client, "cutaway_queued_images")
    assert "1" not in versions(client, "cutaway_images_total")
