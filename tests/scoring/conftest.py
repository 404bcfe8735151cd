"""Models, pictures, the real command line and a real object store, for every test of scoring."""

import itertools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bundle.repository import Bundle, Repository
from tests.scoring.buckets import Bucket, make_bucket, object_store
from tests.scoring.command import run_to_its_end
from tests.scoring.many import MANY, Undisturbed, score_undisturbed
from tests.scoring.pictures import write_pictures
from tests.service.networks import publish_network
from tests.slow_network import publish_slow

Scoring = Callable[..., subprocess.CompletedProcess[str]]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def models(
    tmp_path_factory: pytest.TempPathFactory, publish_model: Callable[[Path, str], Bundle]
) -> Path:
    """A repository. `colours`: red, green, blue; 48 high, 64 wide; layers `rescaling` and `pool`.
    `pooled`, `logits`: four classes, convolutions, 12 high and 20 wide. `slow`: tens of ms a
    picture, three classes, no layers."""
    root = tmp_path_factory.mktemp("repository") / "models"
    publish_slow(root, publish_model(root, "colours"))
    for name in ("pooled", "logits"):
        publish_network(root, name)
    return root


@pytest.fixture(scope="session")
def bundle(models: Path) -> Bundle:
    """The colour model, verified."""
    return Repository(models).open("colours")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 24 pictures, `red/000000.png` to `blue/000023.png`; for reading alone."""
    return write_pictures(tmp_path_factory.mktemp("input") / "pictures", 24)


@pytest.fixture(scope="session")
def many_pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of a hundred thousand pictures, for the tests that take minutes."""
    folder = write_pictures(tmp_path_factory.mktemp("input") / "many", MANY)
    yield folder
    shutil.rmtree(folder)  # pytest keeps its last three folders


@pytest.fixture(scope="session")
def undisturbed(
    many_pictures: Path, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    """Those pictures, scored in one run by the colour model."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return score_undisturbed(many_pictures, folder / "output", models, folder / "log")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where a job may write; nothing is there yet."""
    return tmp_path / "output"


@pytest.fixture(scope="session")
def run_scoring() -> Scoring:
    """Runs `python -m scoring` with these arguments (and environment variables) to its end."""
    return run_to_its_end


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server that speaks S3's protocol."""
    with object_store() as server:
        yield server


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket; this process, and those that it starts, find it by `s3.url`."""
    bucket = make_bucket(s3_server, f"bucket-{next(_numbers)}")
    for name, value in bucket.environment().items():
        monkeypatch.setenv(name, value)
    return bucket
