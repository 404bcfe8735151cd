"""Servers of models, the default models, the container images, and transfer models."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bundle.repository import Repository
from tests import servers

if TYPE_CHECKING:  # TensorFlow takes seconds to import
    from tests.end_to_end.exports import Exported

Serve = Callable[[Path], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Serves a folder of models: `with serve(models) as url`."""

    @contextmanager
    def start(models: Path) -> Generator[str]:
        home = tmp_path_factory.mktemp("served")
        with closing(servers.serve(home, CUTAWAY_MODELS=str(models.resolve()))) as server:
            yield server.url

    return start


@pytest.fixture(scope="session")
def default_models() -> Path:
    """The folder of the default models, imagenet and fashion; built here where they are missing."""
    models = servers.ROOT / os.environ.get("CUTAWAY_MODELS", "models")
    if not {"imagenet", "fashion"} <= set(Repository(models).names()):
        command = [sys.executable, "-m", "export", "defaults", "--models", str(models)]
        subprocess.run(command, cwd=servers.ROOT, check=True)
    return models


@pytest.fixture(scope="session")
def image() -> str:
    """The service's image; the one for scoring jobs is built with it, and called `-scoring`."""
    if shutil.which("podman") is None:
        pytest.skip(
            "podman is not installed; deploy/image.sh installs it where it is root on Debian"
        )
    subprocess.run([servers.ROOT / "deploy/image.sh"], check=True)
    return "localhost/cutaway"


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> "Callable[[str], Exported]":
    """A network of tests/end_to_end/exports.py by its name; each is made and exported once."""
    made: dict[str, Exported] = {}

    def find(name: str) -> "Exported":
        from tests.end_to_end.exports import export_network  # noqa: PLC0415  TensorFlow, see above

        if name not in made:
            made[name] = export_network(name, tmp_path_factory.mktemp(name))
        return made[name]

    return find
