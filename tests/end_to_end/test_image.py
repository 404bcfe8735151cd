"""The service's image, built for real, run with everything taken away, and asked for a prediction.

`make image` runs this file, and `make test-all`.
"""

import os
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.containers import HARDENED, LIMITS, podman
from tests.servers import ROOT, free_port, wait_until_ready

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Container:
    """A running container and its address on this machine."""

    name: str
    url: str

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        return podman("exec", self.name, *command, check=False)


def words_of(name: str) -> str:
    """Everything a container has printed."""
    logs = podman("logs", name, check=False)
    return logs.stdout + logs.stderr


@pytest.fixture(scope="module")
def container(
    image: str,
    default_models: Path,
) -> Generator[Container]:
    """The image at work: read-only root, no privileges, little memory, the models mounted."""
    name, port = f"cutaway-test-{os.getpid()}", free_port()
    podman(
        "run",
        "--detach",
        f"--name={name}",
        "--network=slirp4netns",  # a port without touching the machine's firewall
        f"--publish=127.0.0.1:{port}:3000",
        "--env=CUTAWAY_AUTH=off",  # nobody but this machine reaches that port
        f"--volume={default_models}:/models:ro",
        *HARDENED,
        image,
    )
    try:
        container = Container(name, f"http://127.0.0.1:{port}")
        wait_until_ready(container.url, words=lambda: words_of(name))
        yield container
    finally:
        podman("rm", "--force", name)


def test_a_photograph_is_answered(container: Container) -> None:
    answer = httpx.post(
        f"{container.url}/v1/models/imagenet/predict",
        content=(ROOT / "export/samples/china.jpg").read_bytes(),
        headers={"Content-Type": "image/jpeg"},
        timeout=30,
    )
    assert answer.status_code == 200
    best = answer.json()["results"][0]["classes"][0]["label"]
    assert best in {"palace", "monastery"}


def test_its_own_health_check_passes(container: Container) -> None:
    check = podman("healthcheck", "run", container.name, check=False)
    assert check.returncode == 0, check.stdout + check.stderr


def test_it_is_not_root_and_can_write_nowhere_but_tmp(container: Container) -> None:
    assert container.run("id", "-u").stdout.strip() == "10001"
    for path in ("/app/new", "/models/new", "/opt/cutaway/new", "/new"):
        assert container.run("touch", path).returncode != 0, path
    assert container.run("touch", "/tmp/new").returncode == 0  # noqa: S108  the container's own


@pytest.mark.parametrize("module", ["tensorflow", "export", "scoring", "pyarrow", "ray"])
def test_there_is_nothing_of_export_or_scoring_in_it(container: Container, module: str) -> None:
    result = container.run("python", "-c", f"import {module}")
    assert f"ModuleNotFoundError: No module named '{module}'" in result.stderr


def test_nothing_of_the_machine_that_built_it_is_left_in_it(
    image: str, container: Container
) -> None:
    assert container.run("ls", "/etc/pip.conf", "/app/requirements").returncode != 0
    assert "http" not in podman("history", "--no-trunc", image).stdout.replace("http://127.", "")


def test_sigterm_ends_it_cleanly(container: Container) -> None:
    podman("stop", "--time=30", container.name)
    code = podman("inspect", container.name, "--format={{.State.ExitCode}}").stdout.strip()
    assert code in {"0", "143"}


def test_a_model_can_be_baked_in_with_one_line(
    image: str, default_models: Path, tmp_path: Path
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM {image}\nCOPY imagenet /models/imagenet\n")
    baked = f"localhost/cutaway-baked-{os.getpid()}"
    podman("build", "--pull=never", f"--tag={baked}", f"--file={dockerfile}", str(default_models))
    try:
        check = ["python", "-m", "service.preflight"]
        result = podman("run", "--rm", "--network=none", *LIMITS, baked, *check, check=False)
        assert result.returncode == 0, result.stderr
    finally:
        podman("rmi", baked)
