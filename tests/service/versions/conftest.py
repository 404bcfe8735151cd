"""Repositories that change while somebody serves from them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.aliases import ALIASES
from bundle.repository import Bundle
from service.settings import Settings

Labeller = Callable[..., None]


@pytest.fixture
def publish(tmp_path: Path, publish_model: Callable[[Path, str], Bundle]) -> Callable[..., Bundle]:
    """Publishes the next version of `colours`, or of another name."""

    def make(name: str = "colours") -> Bundle:
        return publish_model(tmp_path, name)

    return make


@pytest.fixture
def label(tmp_path: Path) -> Labeller:
    """Writes the labels of `colours`."""

    def write(**labels: int) -> None:
        (tmp_path / "colours" / ALIASES).write_text(json.dumps(labels))

    return write


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Serves what the test publishes; quick to load, and looks when it is told to."""
    return Settings(models=tmp_path, device="cpu", max_batch=2, poll_seconds=0)
