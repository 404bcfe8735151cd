"""What a command line leaves open about the network is decided once, and then stays."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.errors import ModelNotFoundError
from bundle.repository import MANIFEST, Bundle
from engine.errors import DeviceError, LayerNotFoundError, PrecisionError
from scoring.errors import SettingsError
from scoring.model import ModelWish, open_model, settle_layers, settle_model
from scoring.settings import ColumnSettings, ModelSettings


def settle(
    models: Path, wish: ModelWish, begun: ModelSettings | None = None, *, inside: bool = False
) -> ModelSettings:
    return settle_model(wish, models, inside=inside, begun=begun)[0]


@pytest.fixture
def versions(tmp_path: Path, publish_model: Callable[[Path, str], Bundle]) -> Path:
    """Three versions of a model: 2 is the default, 1 is labelled old."""
    for _ in range(3):
        publish_model(tmp_path / "models", "colours")
    labels = {"default": 2, "old": 1}
    (tmp_path / "models/colours/aliases.json").write_text(json.dumps(labels))
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("model", "version"),
    [("colours", 2), ("colours:3", 3), ("colours:old", 1), ("colours:latest", 3)],
)
def test_a_model_is_named_by_version_or_label(versions: Path, model: str, version: int) -> None:
    assert settle(versions, ModelWish(model, "cpu")).version == version


def test_without_a_default_it_is_the_highest(models: Path) -> None:
    assert settle(models, ModelWish("slow", "cpu")).version == 1


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("fruit", "no model 'fruit'.*colours"),
        ("colours:9", "no version 9; there are: 1, 2, 3"),
        ("colours:new", "no label 'new'; there are: default, old, latest"),
    ],
)
def test_a_model_that_is_not_there_is_said_with_those_that_are(
    versions: Path, model: str, words: str
) -> None:
    with pytest.raises((ModelNotFoundError, SettingsError), match=words):
        settle(versions, ModelWish(model, "cpu"))


def test_auto_is_a_device_and_a_precision_in_the_end(models: Path) -> None:
    settled = settle(models, ModelWish("colours"))
    assert settled.device in ("cpu", "openvino", "cuda", "tensorrt")
    assert settled.precision in ("fp32", "bf16")
    assert settled.batch == (8 if settled.device in ("cpu", "openvino") else 64)


def test_what_was_decided_holds_for_the_runs_that_continue(versions: Path) -> None:
    first = settle(versions, ModelWish("colours:1", "cpu", "fp32", 5))
    assert settle(versions, ModelWish("colours"), first) == first


def test_what_is_asked_for_again_is_not_taken_from_before(versions: Path) -> None:
    first = settle(versions, ModelWish("colours:1", "cpu"))
    assert settle(versions, ModelWish("colours:3", "cpu"), first).version == 3
    assert settle(versions, ModelWish("colours", "cuda"), first).device == "cuda"
    assert settle(versions, ModelWish("colours", batch=3), first).batch == 3


def test_another_models_job_decides_nothing(models: Path) -> None:
    first = settle(models, ModelWish("slow", "cpu", batch=5))
    assert settle(models, ModelWish("colours", "cpu"), first).batch == 8


def test_layers_are_computed_in_fp32_by_what_computes_the_inside(models: Path) -> None:
    settled = settle(models, ModelWish("pooled", "openvino"), inside=True)
    assert (settled.device, settled.precision) == ("cpu", "fp32")
    settled = settle(models, ModelWish("pooled", "tensorrt:1"), inside=True)
    assert (settled.device, settled.precision) == ("cuda:1", "fp32")
    with pytest.raises(SettingsError, match="layers are computed in fp32, and --precision int8"):
        settle(models, ModelWish("pooled", "cpu", "int8"), inside=True)


def test_a_precision_that_the_bundle_lacks_is_refused(models: Path) -> None:
    with pytest.raises(PrecisionError, match="no int8 graph"):
        settle(models, ModelWish("colours", "cpu", "int8"))


def test_layers_are_called_by_their_paths_each_once(bundle: Bundle) -> None:
    columns = ColumnSettings(layers=("pool", "rescaling", "pool"))
    assert settle_layers(columns, bundle.manifest).layers == ("pool", "rescaling")
    with pytest.raises(LayerNotFoundError, match="nearest: pool"):
        settle_layers(ColumnSettings(layers=("pol",)), bundle.manifest)


def test_a_model_that_was_exchanged_is_not_continued_with(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models, tmp_path / "models")
    settings = settle(tmp_path / "models", ModelWish("colours", "cpu"))
    open_model(settings, tmp_path / "models")
    path = tmp_path / "models/colours/1" / MANIFEST
    path.write_text(path.read_text().replace("2026-01-02", "2026-01-03"))
    with pytest.raises(SettingsError, match="not the colours version 1 that the job was begun"):
        open_model(settings, tmp_path / "models")


def test_a_device_that_is_none_is_refused_when_it_is_opened(models: Path) -> None:
    settings = settle(models, ModelWish("colours", "toaster"))
    with pytest.raises(DeviceError, match="no device 'toaster'"):
        open_model(settings, models)
