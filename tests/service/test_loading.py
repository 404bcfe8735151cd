"""Which version is served when some do not open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.repository import MANIFEST, PREDICT, Bundle
from service.loading import Loaded, StartupError
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


def test_an_unknown_device_stops_the_start(tmp_path: Path, publish_model: Publisher) -> None:
    publish_model(tmp_path, "colours")
    with pytest.raises(StartupError, match=r"^no device 'warp'; expected auto, cpu, openvino"):
        Loaded.read(Settings(models=tmp_path, device="warp"))


def test_a_gpu_that_is_not_there_stops_the_start(tmp_path: Path, publish_model: Publisher) -> None:
    publish_model(tmp_path, "colours")
    with pytest.raises(StartupError, match=r"^cuda:3: .*set the device to cpu or auto$"):
        Loaded.read(Settings(models=tmp_path, device="cuda:3"))


def test_a_precision_that_a_model_lacks_stops_the_start_instead_of_serving_another(
    tmp_path: Path, publish_model: Publisher
) -> None:
    publish_model(tmp_path, "colours")
    with pytest.raises(StartupError, match=r"^colours version 1: .*int8"):
        Loaded.read(Settings(models=tmp_path, precision="int8"))


def test_every_batch_size_is_warm_and_timed_before_a_model_is_served(
    tmp_path: Path, publish_model: Publisher
) -> None:
    publish_model(tmp_path, "colours")
    loaded = Loaded.read(Settings(models=tmp_path, device="cpu", max_batch=6))
    assert sorted(loaded.curves["colours"]) == [1, 2, 4, 6]
    assert all(seconds > 0 for seconds in loaded.curves["colours"].values())
