"""The scoring benchmark: goals and document of numbers that are made up, and a short real run."""

from pathlib import Path

import pytest

from benchmarks.ceilings import Swept
from benchmarks.contest import Sample
from benchmarks.crew import Hands, Layout, Pace
from benchmarks.scoring_album import Album
from benchmarks.scoring_commands import time_command
from benchmarks.scoring_goals import JOB, Command, EmbeddedRun, RayRun, check_goals, write_report
from benchmarks.scoring_jobs import jobs
from bundle.repository import Bundle
from tests.service.conftest import encode, picture

LAYOUT = Layout(Hands("cpu", 1, 1), 2, 8)


def rounds(pace: float) -> list[Sample]:
    return [Sample(pace * speed, 100, 100, 18) for speed in (1, 0.5, 2)]


def embedded(model: str, pace: float) -> EmbeddedRun:
    return EmbeddedRun(
        model=model,
        trained=model == "imagenet",
        device="cpu in fp32",
        swept=[Swept("decode + infer", LAYOUT, Pace(100, 20, 19))],
        layouts={"ceiling 1": str(LAYOUT), "ceiling 2": str(LAYOUT)},
        samples={JOB: rounds(pace), "ceiling 1": rounds(90), "ceiling 2": rounds(100)},
        pictures=1_200,
    )


def command(engine: str, seconds: float) -> Command:
    return Command(engine, seconds, seconds - 10, 20_000, 19_800)


@pytest.fixture
def ray() -> RayRun:
    """Ray takes a quarter longer, once a tenth."""
    local = [command("local", 100) for _ in range(3)]
    return RayRun("imagenet", local, [command("ray", s) for s in (125, 110, 125)])


def test_goals_are_shares_of_the_best_ceiling_of_the_rounds(ray: RayRun) -> None:
    goals = check_goals([embedded("imagenet", 96), embedded("resnet50v2", 94)], ray)
    assert [goal.met for goal in goals] == [True, False, False]
    assert goals[0].value == "0.96 (0.96–0.96)"
    assert goals[2].value == "0.80 (0.80–0.91)"


def test_the_document_has_every_number(ray: RayRun) -> None:
    text = write_report(
        [embedded("imagenet", 96), embedded("resnet50v2", 94)], ray, rounds=3, picture="A JPEG"
    )
    for words in ("EfficientNet-Lite0 (trained", "ResNet50V2 (random", "**missed**", "1,200",
                  "| **scoring job** | 96.0 | 0.96", "| ray | 125 | 160.0 |"):  # fmt: skip
        assert words in text
    alone = write_report([embedded("imagenet", 96)], None, rounds=3, picture="A JPEG")
    assert "## Ray" not in alone


def test_an_album_has_as_many_pictures_as_are_asked_for(tmp_path: Path) -> None:
    album = Album(tmp_path / "album", b"a photo")
    folder = album.folder(1_003)
    assert len(list(folder.rglob("*.jpg"))) == 1_003
    assert len(list(folder.iterdir())) == 2
    assert album.folder(1_003) == folder


def test_a_job_and_a_command_are_measured(colours: Bundle, tmp_path: Path) -> None:
    folder = Album(tmp_path / "album", encode(picture(0), "JPEG")).folder(500)
    with jobs(colours, tmp_path / "work") as ours:
        assert ours.device == "cpu in fp32" or ours.device.startswith("openvino")
        for _ in range(2):
            sample = ours.run(folder)
            assert sample.per_second > 1
            assert sample.cpu_ms > 0
    timed = time_command(colours, folder, tmp_path / "output", "local")
    assert timed.pictures == 500
    assert timed.working_pictures == 300
    assert 0 <= timed.working_seconds < timed.seconds
