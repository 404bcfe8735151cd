"""What a run leaves behind."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.finetune.report import Measurement, draw_confusion, write_report
from export.finetune.schedule import CURVES, History
from export.finetune.split import Split

MEASURED = Measurement(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]))


def test_accuracy_and_confusion_are_counted_by_hand() -> None:
    assert MEASURED.accuracy == pytest.approx(0.8)
    assert MEASURED.confusion(3).tolist() == [[2, 1, 0], [0, 2, 0], [0, 0, 0]]


def test_curves_matrix_and_numbers_are_written(tmp_path: Path) -> None:
    history = History({name: [0.5, 0.4, 0.3] for name in CURVES}, head_epochs=2)
    files = tuple(tmp_path / "cat" / f"{i}.jpg" for i in range(3))
    part = {"cat": files, "dog": files[:2]}
    write_report(tmp_path, history, MEASURED, Split(part, part, part), tmp_path)
    for name in ("curves.png", "confusion.png"):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 300
            assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 10
    numbers = json.loads((tmp_path / "report.json").read_text())
    assert numbers["holdout_accuracy"] == 0.8
    assert numbers["recall"] == {"cat": 0.6667, "dog": 1.0}
    assert numbers["pictures"]["train"] == {"cat": 3, "dog": 2}
    assert numbers["holdout_files"][0] == "cat/0.jpg"
    assert numbers["curves"]["val_loss"] == [0.5, 0.4, 0.3]


def test_a_hundred_classes_are_drawn_without_figures_on_top_of_each_other() -> None:
    figure = draw_confusion(np.eye(100, dtype=np.int64), [f"class {i}" for i in range(100)])
    assert len(figure.axes[0].texts) == 0
