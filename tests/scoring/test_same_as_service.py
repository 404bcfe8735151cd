"""What a job writes down of a picture is what the service answers about it."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from bundle.repository import Repository
from tests.scoring.broken import broken_pictures, odd_pictures
from tests.scoring.conftest import Scoring
from tests.scoring.containers import write_folder
from tests.scoring.results import Row, by_source, parts
from tests.servers import serve

NETWORKS = ("colours", "pooled", "logits", "slow")


@pytest.fixture(scope="module")
def client(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a real server of the same models, in its own process."""
    server = serve(
        tmp_path_factory.mktemp("server"), CUTAWAY_MODELS=str(models), CUTAWAY_DEVICE="cpu"
    )
    try:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            yield client
    finally:
        server.close()


@pytest.fixture(scope="module")
def folder(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good, odd and broken pictures."""
    files = {f"good/{file.name}": file.read_bytes() for file in sorted(pictures.rglob("*.??g"))}
    files |= {f"odd/{n:02d}.png": data for n, data in enumerate(odd_pictures().values())}
    # The service takes arrays as well, and says of a broken one what is wrong with the array.
    broken = [data for kind, (data, _) in broken_pictures().items() if kind != "NumPy"]
    files |= {f"broken/{n:02d}.png": data for n, data in enumerate(broken)}
    return write_folder(tmp_path_factory.mktemp("input") / "folder", files)


def ask(client: httpx.Client, name: str, data: bytes, top_k: int) -> httpx.Response:
    return client.post(f"/v1/models/{name}/predict", content=data, params={"top_k": top_k})


def check_same(row: Row, answer: httpx.Response) -> None:
    """A row says what the service says: the same classes with the same scores, or the same error
    in the same words."""
    body: dict[str, Any] = answer.json()
    if row["error_code"] is not None:
        assert answer.status_code in (400, 413, 415)
        assert row["error_code"] == body["error"]["code"]
        assert row["error_message"] == body["error"]["message"]
        return
    assert answer.status_code == 200, answer.text
    [result] = body["results"]
    classes = result["classes"]
    assert row["class_ids"] == [one["class_id"] for one in classes]
    assert row["labels"] == [one["label"] for one in classes]
    scores = np.array([one["score"] for one in classes], np.float32)
    # The colour model's mean of 3,072 levels, which ONNX Runtime sums in another order alone than
    # in a batch: of the same pixels 6e-6 apart at most here, on either side of float64's.
    assert row["scores"] == pytest.approx(scores.tolist(), abs=1e-5)
    assert row["model"] == body["model"]
    assert row["version"] == body["version"]
    assert row["precision"] == body["precision"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_picture_gets_the_same_numbers(
    *,
    name: str,
    client: httpx.Client,
    models: Path,
    folder: Path,
    tmp_path: Path,
    run_scoring: Scoring,
) -> None:
    labels = Repository(models).open(name).manifest.labels
    done = run_scoring(
        "run", "--model", name, "--models", models, "--device", "cpu", "--top-k", len(labels),
        folder, tmp_path / "output",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = by_source(tmp_path / "output")
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    assert len(rows) == len(files) > 50
    for file in files:
        row = rows[file.relative_to(folder).as_posix()]
        check_same(row, ask(client, name, file.read_bytes(), len(labels)))
    kind = client.post(f"/v1/models/{name}/predict", content=files[-1].read_bytes())
    schema = pq.read_schema(parts(tmp_path / "output")[0])
    assert kind.json()["score"].encode() in (schema.metadata or {}).values()


@pytest.mark.parametrize("pool", ["mean", "max", "none"])
def test_a_layer_says_the_same(
    *,
    pool: str,
    client: httpx.Client,
    models: Path,
    pictures: Path,
    tmp_path: Path,
    run_scoring: Scoring,
) -> None:
    layers = ["conv_relu", "pool"]  # (6, 10, 5) and (5,)
    done = run_scoring(
        "run", "--model", "pooled", "--models", models, "--device", "cpu",
        "--layers", ",".join(layers), "--pool", pool, pictures, tmp_path / "output",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for source, row in by_source(tmp_path / "output").items():
        answer = client.post(
            "/v1/models/pooled/activations",
            params={"layer": layers, "format": "npz"},
            content=(pictures / source).read_bytes(),
        )
        assert answer.status_code == 200, answer.text
        with np.load(io.BytesIO(answer.content)) as arrays:
            found = {path: arrays[path][0] for path in layers}
        assert found["conv_relu"].shape == (6, 10, 5)
        expected = {path: values.reshape(-1) for path, values in found.items()}
        if pool != "none":
            expected["conv_relu"] = getattr(found["conv_relu"], pool)((0, 1))
        for path, values in expected.items():
            assert row[f"layer:{path}"] == pytest.approx(values.tolist(), rel=1e-5, abs=1e-6)


def test_all_scores_are_the_services(
    client: httpx.Client, models: Path, pictures: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    done = run_scoring(
        "run", "--model", "slow", "--models", models, "--device", "cpu", "--all-scores",
        "--top-k", 1, pictures, tmp_path / "output",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for source, row in by_source(tmp_path / "output").items():
        answer = ask(client, "slow", (pictures / source).read_bytes(), 3)
        scores = {one["class_id"]: one["score"] for one in answer.json()["results"][0]["classes"]}
        expected = [scores[class_id] for class_id in range(3)]
        assert row["all_scores"] == pytest.approx(expected, rel=1e-6, abs=1e-7)
        assert row["scores"] == [max(row["all_scores"])]
