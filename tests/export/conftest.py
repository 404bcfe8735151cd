"""Small Keras models, and a way to export them into a repository of the test's own."""

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from rich.console import Console

from bundle.repository import Bundle, Repository
from export.options import ConvertOptions
from export.pipeline import convert
from export.stated import from_name

HEIGHT, WIDTH = 26, 38

Builder = Callable[..., keras.Model]
Exporter = Callable[..., Bundle]


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Every test's random weights are its own and the same at each run."""
    keras.utils.set_random_seed(11)
    yield
    keras.utils.clear_session(free_memory=False)  # collecting garbage takes 0.4 s a test


def small_model(
    *,
    head: str | None = "softmax",
    units: int = 4,
    channels: int = 3,
    size: tuple[int | None, int | None] = (HEIGHT, WIDTH),
    inside: Callable[[Any], Any] | None = None,
) -> keras.Model:
    """A convolution, pooling and a head; `inside` is applied to the picture first."""
    picture: Any = keras.Input((*size, channels))
    x = inside(picture) if inside else picture
    x = keras.layers.Conv2D(6, 3, strides=2, activation="relu", name="conv")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(picture, keras.layers.Dense(units, activation=head, name="head")(x))


@pytest.fixture(scope="session")
def build() -> Builder:
    """`small_model`."""
    return small_model


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty model repository."""
    return Repository(tmp_path / "models")


@pytest.fixture
def photos(request: pytest.FixtureRequest) -> tuple[Path, ...]:
    """Four of our own photographs: JPEG, grey JPEG, PNG, PNG with transparency."""
    folder = request.config.rootpath / "export" / "samples"
    return tuple(folder / name for name in ("china.jpg", "camera.jpg", "astronaut.png",
                                            "retina.png"))  # fmt: skip


@pytest.fixture
def export_file(repository: Repository, photos: tuple[Path, ...]) -> Exporter:
    """Exports a saved model; settings are those of ConvertOptions."""

    def run(file: Path, **settings: Any) -> Bundle:
        options = ConvertOptions(**{"name": "small", "samples": photos, **settings})
        return convert(file, options, repository, console=Console(file=StringIO()))

    return run


@pytest.fixture
def export(tmp_path: Path, export_file: Exporter) -> Exporter:
    """Saves a model and exports it, with the preprocessing `tf` where no other is stated."""

    def run(model: keras.Model, *, suffix: str = ".keras", **settings: Any) -> Bundle:
        file = tmp_path / f"model{suffix}"
        model.save(file)
        return export_file(file, **{"stated": from_name("tf"), **settings})

    return run


@pytest.fixture
def pictures() -> np.ndarray:
    """uint8 (3, 26, 38, 3): seeded noise, each row of pixels and each picture different."""
    return np.random.default_rng(5).integers(0, 256, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)
