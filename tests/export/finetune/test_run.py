"""A whole run: from pictures to a published bundle."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from bundle.manifest import Manifest
from bundle.repository import Bundle, Repository
from engine.classifier import Classifier
from export.__main__ import main
from export.errors import ExportError
from export.finetune.pictures import find_pictures
from export.finetune.run import train_on
from export.finetune.settings import FinetuneSettings
from export.zoo.bases import Base

Maker = Callable[..., Path]
Configure = Callable[..., FinetuneSettings]


def test_the_reported_accuracy_is_the_hold_out_s(
    make_pictures: Maker, configure: Configure, small_base: Base
) -> None:
    settings = configure(seed=3)
    trained = train_on(find_pictures(make_pictures()), small_base, settings)
    right = 0
    for class_id, files in enumerate(trained.split.holdout.values()):
        for path in files:
            picture: Any = keras.utils.load_img(path)
            resized = keras.ops.image.resize(np.asarray(picture, np.float32), (32, 48))
            scores = trained.network.predict(np.asarray(resized)[None], verbose=0)
            right += int(scores.argmax() == class_id)
    assert trained.accuracy.images == 10
    assert trained.accuracy.top1 == pytest.approx(right / 10)
    assert trained.accuracy.dataset == "pictures"
    numbers = json.loads((settings.report / "report.json").read_text())
    assert numbers["holdout_accuracy"] == trained.accuracy.top1


def run_command(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["finetune", *arguments])
    return result.exit_code, result.output


def test_a_run_with_everything_switched_on_is_published(
    make_pictures: Maker, tmp_path: Path
) -> None:
    root = make_pictures({"blue": 8, "red": 8})
    given = "--name colours --base MobileNetV2 --weights none --size 32x48 --epochs 1"
    given += " --unfreeze-last 1 --finetune-epochs 1 --batch-size 8"
    report = tmp_path / "report"
    folders = ["--report", str(report), "--models", str(tmp_path / "models")]
    code, output = run_command(str(root), *given.split(), *folders)
    assert code == 0, output
    assert "16 pictures of 2 classes; 10 to learn from, 2 for early stopping, 4 held out" in output
    assert {path.name for path in report.iterdir()} == FILES
    bundle = Repository(tmp_path / "models").open("colours")
    check_manifest(bundle.manifest, report)
    check_served(bundle, report / "model.keras", root)


FILES = {"model.keras", "curves.png", "confusion.png", "report.json"}


def check_manifest(manifest: Manifest, report: Path) -> None:
    assert manifest.labels == ("blue", "red")
    assert (manifest.input.height, manifest.input.width) == (32, 48)
    assert manifest.preprocessing.recipe == "tensorflow"
    assert manifest.accuracy is not None
    assert (manifest.accuracy.images, manifest.accuracy.dataset) == (4, "pictures")
    numbers = json.loads((report / "report.json").read_text())
    assert manifest.accuracy.top1 == numbers["holdout_accuracy"]
    note = manifest.source.training
    assert "16 pictures of 2 classes from pictures" in note
    assert "last 1 blocks: 1 epochs at 0.0001, BatchNorm in inference mode" in note


def check_served(bundle: Bundle, model: Path, root: Path) -> None:
    """The bundle answers what Keras answers through image_dataset_from_directory."""
    saved: Any = keras.models.load_model(model)
    levels: Any = keras.utils.image_dataset_from_directory(
        str(root), image_size=(32, 48), shuffle=False, verbose=False
    )
    expected = saved.predict(levels, verbose=0)
    classifier = Classifier(bundle)
    pixels = np.stack([classifier.decode(Path(path).read_bytes()) for path in levels.file_paths])
    np.testing.assert_allclose(classifier.predict(pixels), expected, atol=0.005)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--name", "n"], "error: there is no folder nowhere"),
        (["nowhere", "--name", "No Name"], "error: --name 'No Name' is no model name"),
        (["nowhere", "--name", "n", "--holdout", "0.9"], "error: --holdout 0.9 and --validation"),
        (["nowhere", "--name", "n", "--rotation", "45"], "error: --rotation is a share"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(arguments: list[str], message: str) -> None:
    code, output = run_command(*arguments)
    assert code == 1
    assert output.startswith(message)
    assert output.count("\n") == 1


def test_an_unknown_base_is_one_line_too(make_pictures: Maker) -> None:
    code, output = run_command(str(make_pictures()), "--name", "n", "--base", "VGG20")
    assert code == 1
    assert output.startswith("error: no base is called 'VGG20'; nearest: VGG")


def test_a_report_folder_that_cannot_be_made_is_named(
    make_pictures: Maker, configure: Configure, small_base: Base, tmp_path: Path
) -> None:
    (tmp_path / "report").write_text("a file is in the way")
    with pytest.raises(ExportError, match=r"cannot make the folder .*report"):
        train_on(find_pictures(make_pictures()), small_base, configure())
