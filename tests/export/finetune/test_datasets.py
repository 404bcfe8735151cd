"""The parts as datasets: read by image_dataset_from_directory, nothing imitated."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from export.finetune import datasets as module
from export.finetune.datasets import class_weights, labels_of, open_datasets
from export.finetune.pictures import find_pictures
from export.finetune.settings import FinetuneSettings
from export.finetune.split import Split, split_pictures

Maker = Callable[..., Path]
Configure = Callable[..., FinetuneSettings]


def split_of(root: Path) -> Split:
    return split_pictures(find_pictures(root), holdout=0.2, validation=0.15, seed=1)


def everything(dataset: Any) -> tuple[np.ndarray, np.ndarray]:
    pictures, labels = zip(*((np.asarray(p), np.asarray(c)) for p, c in dataset), strict=True)
    return np.concatenate(pictures), np.concatenate(labels)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_levels_are_those_of_image_dataset_from_directory(
    make_pictures: Maker, configure: Configure, tmp_path: Path, resize: str
) -> None:
    root = make_pictures({"blue": 6, "red": 6})
    split = split_of(root)
    opened = open_datasets(split, (32, 48), configure(resize=resize), tmp_path / "links")
    found, labels = everything(opened.holdout)
    reference: Any = keras.utils.image_dataset_from_directory(
        str(root),
        image_size=(32, 48),
        shuffle=False,
        crop_to_aspect_ratio=resize == "crop",
        pad_to_aspect_ratio=resize == "pad",
        verbose=False,
    )
    expected, _ = everything(reference)
    places = [reference.file_paths.index(str(p)) for v in split.holdout.values() for p in v]
    np.testing.assert_array_equal(found, expected[places])
    assert labels.tolist() == labels_of(opened.holdout).tolist() == [0, 1]


@pytest.mark.parametrize("cache_bytes", [0, 2**31])
def test_training_pictures_come_in_another_order_each_epoch(
    make_pictures: Maker,
    configure: Configure,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cache_bytes: int,
) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES", cache_bytes)
    opened = open_datasets(split_of(make_pictures()), (16, 24), configure(), tmp_path / "links")
    first, second = (everything(opened.train) for _ in range(2))
    assert sorted(first[1]) == sorted(second[1])
    assert not np.array_equal(first[0], second[0])
    sums = [np.sort(pictures.sum(axis=(1, 2, 3))) for pictures, _ in (first, second)]
    np.testing.assert_array_equal(sums[0], sums[1])


def test_rare_classes_weigh_more() -> None:
    files = tuple(Path(f"{index}.png") for index in range(30))
    weights = class_weights(Split({"common": files, "rare": files[:10]}, {}, {}))
    assert weights == pytest.approx({0: 40 / 60, 1: 40 / 20})


def test_balanced_classes_all_weigh_one() -> None:
    files = tuple(Path(f"{index}.png") for index in range(4))
    assert class_weights(Split({"a": files, "b": files, "c": files}, {}, {})) == {0: 1, 1: 1, 2: 1}
