"""A Ray cluster, and jobs on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scoring.cluster.nodes import Nodes, start_nodes
from tests.scoring.conftest import Scoring
from tests.scoring.pictures import write_pictures

PICTURES, SHARD = 120, 5


@dataclass(frozen=True, slots=True)
class Task:
    """A job that takes some seconds, and what it comes to on one machine.

    Args:
        arguments: of the command line, all but OUTPUT and the engine.
        expected: the output of the local engine, undisturbed.
    """

    arguments: tuple[str, ...]
    expected: Path


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    """A head and two workers."""
    with start_nodes(2) as nodes:
        yield nodes


@pytest.fixture(scope="session")
def slow_job(models: Path, run_scoring: Scoring, tmp_path_factory: pytest.TempPathFactory) -> Task:
    """Tens of milliseconds a picture, 24 shards; every twentieth file is no picture."""
    folder = write_pictures(tmp_path_factory.mktemp("input") / "pictures", PICTURES)
    for number, file in enumerate(sorted(folder.rglob("*.png"))):
        if number % 20 == 0:
            file.write_bytes(b"no picture at all")
    options = ("--model", "slow", "--models", models, "--device", "cpu", "--shard", SHARD)
    arguments = ("run", *map(str, options), str(folder))
    expected = tmp_path_factory.mktemp("expected") / "output"
    done = run_scoring(*arguments, expected)
    assert done.returncode == 0, done.stderr
    return Task(arguments, expected)
