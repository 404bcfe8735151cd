"""A scoring job of the default model says of real photographs what its service says of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.end_to_end.conftest import Serve
from tests.scoring.command import run_to_its_end
from tests.scoring.results import Row, by_source, check_complete
from tests.servers import ROOT

SAMPLES = ROOT / "export" / "samples"
LAYERS = ("block5a_project_bn", "avg_pool")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real photographs, each whole and as eight cuttings of different sizes."""
    folder = tmp_path_factory.mktemp("photos")
    for file in sorted(SAMPLES.glob("*.jpg")):
        (folder / file.name).write_bytes(file.read_bytes())
        with Image.open(file) as photo:
            for number in range(8):
                width, height = photo.width - 37 * number, photo.height - 29 * number
                box = (5 * number, 3 * number, max(90, width), max(70, height))
                name = f"{file.stem}-{number}.{'png' if number % 2 else 'jpg'}"
                photo.convert("RGB").crop(box).save(folder / name, quality=90)
    return folder


@pytest.fixture(scope="module")
def client(serve: Serve, default_models: Path) -> Iterator[httpx.Client]:
    """Of a real server with every setting at its default."""
    with serve(default_models) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def run_job(models: Path, photos: Path, output: Path, *options: str) -> dict[str, Row]:
    arguments = ["run", "--model", "imagenet", "--models", models, *options, photos, output]
    done = run_to_its_end(*arguments)
    assert done.returncode == 0, done.stderr
    check_complete(output, len(list(photos.iterdir())))
    return by_source(output)


def test_scores_are_the_services_by_default(
    client: httpx.Client, default_models: Path, photos: Path, tmp_path: Path
) -> None:
    worst = 0.0
    for source, row in run_job(default_models, photos, tmp_path / "output").items():
        answer = client.post(
            "/v1/models/imagenet/predict", content=(photos / source).read_bytes()
        ).json()
        classes: list[dict[str, Any]] = answer["results"][0]["classes"]
        scores = np.array([one["score"] for one in classes])
        assert row["precision"] == answer["precision"]
        assert row["class_ids"] == [one["class_id"] for one in classes]
        assert row["labels"] == [one["label"] for one in classes]
        worst = max(worst, float(np.abs(scores - row["scores"]).max()))
    print(f"\nlargest difference of a score: {worst:.2e}")
    assert worst < 1e-5, "one thread a run, or several: the sums' order is all that may differ"


def test_layers_are_the_services(
    client: httpx.Client, default_models: Path, photos: Path, tmp_path: Path
) -> None:
    options = ("--layers", ",".join(LAYERS), "--pool", "mean")
    rows = run_job(default_models, photos, tmp_path / "output", *options)
    for source in sorted(rows)[::5]:
        for layer in LAYERS:
            answer = client.post(
                "/v1/models/imagenet/activations",
                params={"layer": layer},
                content=(photos / source).read_bytes(),
            ).json()
            means = answer["results"][0]["layers"][0]["statistics"]["mean"]
            assert rows[source][f"layer:{layer}"] == pytest.approx(means, rel=1e-4, abs=1e-5)
