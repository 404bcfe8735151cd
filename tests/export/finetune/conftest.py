"""Folders of pictures that a small network can tell apart, and a small network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from export.finetune.settings import AugmentationSettings, FinetuneSettings
from export.zoo.bases import Base

Maker = Callable[..., Path]
Configure = Callable[..., FinetuneSettings]

COUNTS = {"blue": 20, "red": 30}
CHANNELS = {"red": 0, "green": 1, "blue": 2}
OFF = AugmentationSettings(flip=False, rotation=0, translation=0, brightness=0, contrast=0)


def draw(name: str, rng: np.random.Generator) -> Image.Image:
    """Noise of its class's colour, of a size of its own, wider than high."""
    height, width = rng.integers(20, 40), rng.integers(44, 70)
    pixels = rng.integers(0, 90, (height, width, 3), dtype=np.uint8)
    pixels[..., CHANNELS[name]] += 150
    return Image.fromarray(pixels)


@pytest.fixture
def make_pictures(tmp_path: Path) -> Maker:
    """Writes a folder per class: (counts by class) → the folder."""

    def make(counts: dict[str, int] = COUNTS) -> Path:
        root = tmp_path / "pictures"
        rng = np.random.default_rng(9)
        for name, count in counts.items():
            (root / name).mkdir(parents=True)
            for index in range(count):
                suffix = "png" if index % 2 else "jpg"
                draw(name, rng).save(root / name / f"{name}{index}.{suffix}")
        return root

    return make


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Settings of a run of seconds, on the folder of `make_pictures`."""

    def settings(**given: Any) -> FinetuneSettings:
        quick: dict[str, Any] = {
            "pictures": tmp_path / "pictures",
            "name": "colours",
            "report": tmp_path / "report",
            "base": "MobileNetV2",
            "weights": "none",
            "size": (32, 48),
            "epochs": 2,
            "finetune_epochs": 1,
            "batch_size": 8,
            "learning_rate": 0.01,
            "augmentation": OFF,
        }
        return FinetuneSettings(**(quick | given))

    return settings


def build_small(size: tuple[int, int], weights: object) -> Any:
    """Three blocks of convolution, BatchNorm and ReLU; random weights, whatever is asked for."""
    del weights
    image = x = keras.Input((*size, 3))
    for block in ("block1", "block2", "block3"):
        x = keras.layers.Conv2D(12, 3, strides=2, name=f"{block}_conv")(x)
        x = keras.layers.BatchNormalization(name=f"{block}_bn")(x)
        x = keras.layers.ReLU(name=f"{block}_relu")(x)
    return keras.Model(image, x, name="small")


@pytest.fixture(scope="session")
def small_base() -> Base:
    """A base that trains in seconds."""
    return Base("small", (32, 48), build_small, keras.layers.Rescaling(1 / 127.5, -1.0))
