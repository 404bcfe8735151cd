"""Servers of models, and the default models."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from bundle.repository import Repository
from tests import servers

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
