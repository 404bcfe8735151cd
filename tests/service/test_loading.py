"""Which version is served when some do not open."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from bundle.digests import describe
from bundle.repository import GOLDEN, MANIFEST, PREDICT, Bundle
from service.loading import Loaded, StartupError
from service.settings import Settings

Publisher = Callable[[Path, str], Bundle]


def seal(bundle: Bundle) -> None:
    """Write the graph's digest down as if export had made it so."""
    files = {**bundle.manifest.files, PREDICT: describe(bundle.path(PREDICT))}
    text = bundle.manifest.model_copy(update={"files": files}).model_dump_json()
    bundle.path(MANIFEST).write_text(text)


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


def test_a_version_that_answers_its_golden_pictures_wrongly_leaves_the_older_one(
    tmp_path: Path, publish_model: Publisher
) -> None:
    publish_model(tmp_path, "colours")
    wrong = publish_model(tmp_path, "colours")
    pictures = np.zeros((1, 48, 64, 3), np.uint8)
    np.savez(wrong.path(GOLDEN), pixels=pictures, predictions=np.eye(3, dtype=np.float32)[:1])
    loaded = Loaded.read(Settings(models=tmp_path))
    assert loaded.classifiers["colours"].manifest.version == 1
    assert [failure.version for failure in loaded.failures] == [2]


def test_a_graph_that_opens_and_does_not_run_leaves_the_older_one(
    tmp_path: Path, publish_model: Publisher
) -> None:
    publish_model(tmp_path, "colours")
    rigid = publish_model(tmp_path, "colours")
    graph = onnx.load(rigid.path(PREDICT), load_external_data=False)
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    rigid.path(PREDICT).write_bytes(graph.SerializeToString())
    seal(rigid)
    loaded = Loaded.read(Settings(models=tmp_path))
    assert [failure.version for failure in loaded.failures] == [2]


def test_a_version_with_more_labels_than_classes_leaves_the_older_one(
    tmp_path: Path, publish_model: Publisher
) -> None:
    publish_model(tmp_path, "colours")
    odd = publish_model(tmp_path, "colours")
    labels = (*odd.manifest.labels, "black")
    text = odd.manifest.model_copy(update={"labels": labels}).model_dump_json()
    odd.path(MANIFEST).write_text(text)
    loaded = Loaded.read(Settings(models=tmp_path))
    assert [failure.version for failure in loaded.failures] == [2]


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
