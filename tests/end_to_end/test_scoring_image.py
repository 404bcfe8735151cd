"""The image for scoring jobs: a whole job in it, as nobody special, on pictures it may only read.

`make image` runs this file, and `make test-all`.
"""

import shutil
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.end_to_end.containers import HARDENED, podman
from tests.servers import ROOT

pytestmark = pytest.mark.slow

Finished = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`photos`, with a picture that is torn among them, and `scores`, where others may write."""
    folder = tmp_path_factory.mktemp("job")
    pictures = shutil.ignore_patterns("*.md")
    shutil.copytree(ROOT / "export/samples", folder / "photos", ignore=pictures)
    (folder / "photos/torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (folder / "scores").mkdir()
    (folder / "scores").chmod(0o777)  # the container's user is nobody on this machine
    return folder


def score(image: str, folder: Path, models: Path, *command: str) -> Finished:
    """Run a command of scoring in a container without a network."""
    return podman(
        "run",
        "--rm",
        "--network=none",
        f"--volume={models}:/models:ro",
        f"--volume={folder}/photos:/photos:ro",
        f"--volume={folder}/scores:/scores",
        *HARDENED,
        f"{image}-scoring",
        *("python", "-m", "scoring", *command),
        check=False,
    )


@pytest.fixture(scope="module")
def scored(image: str, folder: Path, default_models: Path) -> Finished:
    """The finished job."""
    job = ("run", "--model", "imagenet", "/photos", "/scores")
    done = score(image, folder, default_models, *job)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.usefixtures("scored")
def test_every_picture_has_its_row(folder: Path) -> None:
    assert (folder / "scores/_SUCCESS").exists()
    (part,) = (folder / "scores").glob("*.parquet")
    rows = {row["source"]: row for row in pq.read_table(part).to_pylist()}
    assert set(rows) == {path.name for path in (folder / "photos").iterdir()}
    assert rows["china.jpg"]["labels"][0] in {"palace", "monastery"}
    assert rows["torn.jpg"]["error_code"]


@pytest.mark.usefixtures("scored")
def test_the_same_command_again_finds_it_finished(
    image: str, folder: Path, default_models: Path
) -> None:
    before = {path: path.read_bytes() for path in (folder / "scores").iterdir()}
    again = score(image, folder, default_models, "run", "--model", "imagenet", "/photos", "/scores")
    assert again.returncode == 0, again.stderr
    assert {path: path.read_bytes() for path in (folder / "scores").iterdir()} == before


@pytest.mark.usefixtures("scored")
def test_its_report_is_written_in_the_container_too(
    image: str, folder: Path, default_models: Path
) -> None:
    page = ("report", "/scores", "--html", "/scores/report.html")
    done = score(image, folder, default_models, *page)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "<svg" in (folder / "scores/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", ["tensorflow", "export", "ray", "moto", "pyarrow._s3fs"])
def test_what_scoring_does_not_need_is_not_in_it(image: str, module: str) -> None:
    command = ("python", "-c", f"import {module}")
    done = podman("run", "--rm", *HARDENED, f"{image}-scoring", *command, check=False)
    assert f"ModuleNotFoundError: No module named '{module}'" in done.stderr


def test_it_has_no_health_check_since_it_serves_nobody(image: str) -> None:
    wanted = "--format={{json .HealthCheck}}"
    assert podman("image", "inspect", f"{image}-scoring", wanted).stdout.strip() in {
        "null",
        '{"Test":["NONE"]}',
    }


def test_without_a_command_it_says_what_it_can(image: str) -> None:
    shown = podman("run", "--rm", "--network=none", *HARDENED, f"{image}-scoring").stdout
    for command in ("run", "report", "compare"):
        assert command in shown
