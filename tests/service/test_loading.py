"""Loading one version, and what the start refuses."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.errors import AliasesError, BundleCorruptError
from bundle.repository import MANIFEST, Bundle, Repository
from engine.errors import DeviceError, DeviceMemoryError, GraphError, PrecisionError
from engine.golden import GoldenError
from service.loading import REASONS, Failure, StartupError, load_version, reason_of
from service.settings import Settings
from service.versions.stock import Stock

Publisher = Callable[[Path, str], Bundle]


def test_every_batch_size_is_warm_and_timed_before_a_version_is_served(colours: Bundle) -> None:
    root = colours.folder.parents[1]
    settings = Settings(models=root, device="cpu", max_batch=6)
    loaded = load_version(Repository(root), "colours", 1, settings)
    assert sorted(loaded.curve) == [1, 2, 4, 6]
    assert all(seconds > 0 for seconds in loaded.curve.values())


def test_a_folder_under_another_name_is_not_the_version_that_was_published(
    colours: Bundle,
) -> None:
    root = colours.folder.parents[1]
    colours.folder.rename(colours.folder.parent / "7")
    with pytest.raises(BundleCorruptError, match=r"7 holds colours version 1; "):
        load_version(Repository(root), "colours", 7, Settings(models=root, device="cpu"))


def test_a_version_with_more_labels_than_classes_does_not_load(colours: Bundle) -> None:
    root = colours.folder.parents[1]
    labels = (*colours.manifest.labels, "black")
    text = colours.manifest.model_copy(update={"labels": labels}).model_dump_json()
    colours.path(MANIFEST).write_text(text)
    with pytest.raises(GraphError, match="3 classes"):
        load_version(Repository(root), "colours", 1, Settings(models=root, device="cpu"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AliasesError("x"), "aliases"),
        (BundleCorruptError("x"), "corrupt"),
        (GoldenError("x"), "golden"),
        (PrecisionError("x"), "precision"),
        (DeviceMemoryError("x"), "memory"),
        (DeviceError("x"), "device"),
        (GraphError("x"), "graph"),
        (PermissionError("x"), "internal"),
    ],
)
def test_clients_hear_why_without_the_names_of_files(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
    sentence = str(Failure("colours", 3, reason))
    assert sentence == f"colours version 3 is not served: {REASONS[reason]}; the log says more"
    assert "/" not in sentence


def test_a_staged_version_is_never_served(tmp_path: Path, publish_model: Publisher) -> None:
    bundle = publish_model(tmp_path, "colours")
    bundle.folder.rename(bundle.folder.parent / ".staging-1")
    with pytest.raises(StartupError, match="no model in"):
        Stock(Settings(models=tmp_path)).fill()


def test_an_unknown_device_stops_the_start(tmp_path: Path, publish_model: Publisher) -> None:
    publish_model(tmp_path, "colours")
    with pytest.raises(StartupError, match=r"^no device 'warp'; expected auto, cpu, openvino"):
        Stock(Settings(models=tmp_path, device="warp")).fill()


def test_a_gpu_that_is_not_there_stops_the_start(tmp_path: Path, publish_model: Publisher) -> None:
    publish_model(tmp_path, "colours")
    with pytest.raises(StartupError, match=r"^cuda:3: .*set the device to cpu or auto$"):
        Stock(Settings(models=tmp_path, device="cuda:3")).fill()


def test_a_precision_that_a_model_lacks_stops_the_start_instead_of_serving_another(
    tmp_path: Path, publish_model: Publisher
) -> None:
    publish_model(tmp_path, "colours")
    with pytest.raises(StartupError, match=r"^colours version 1: .*int8"):
        Stock(Settings(models=tmp_path, precision="int8")).fill()
