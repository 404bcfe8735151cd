"""Which version is served when some do not open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.repository import MANIFEST, PREDICT, Bundle
from service.catalogue import Loaded, StartupError
from service.settings import Settings

Publisher = Callable[[Path, str], Bundle]


def test_the_highest_version_that_opens_is_served(tmp_path: Path, publish_model: Publisher) -> None:
    publish_model(tmp_path, "colours")
    publish_model(tmp_path, "colours")
    publish_model(tmp_path, "colours").path(PREDICT).unlink()
    publish_model(tmp_path, "colours").path(MANIFEST).write_text("{}")
    loaded = Loaded.read(Settings(models=tmp_path))
    assert loaded.classifiers["colours"].manifest.version == 2
    assert [failure.version for failure in loaded.failures] == [4, 3]


def test_a_staged_version_is_never_served(tmp_path: Path, publish_model: Publisher) -> None:
    bundle = publish_model(tmp_path, "colours")
    bundle.folder.rename(bundle.folder.parent / ".staging-1")
    with pytest.raises(StartupError, match="no model in"):
        Loaded.read(Settings(models=tmp_path))


def test_a_device_that_is_not_active_stops_the_start(
    tmp_path: Path, publish_model: Publisher
) -> None:
    publish_model(tmp_path, "colours")
    with pytest.raises(StartupError, match="none of the models"):
        Loaded.read(Settings(models=tmp_path, device="warp"))
