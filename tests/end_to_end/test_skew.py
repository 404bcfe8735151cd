"""No skew: the service answers what the training pipeline answers, from the picture file on."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from bundle.repository import Bundle, Repository
from engine.classifier import Classifier
from export.options import ConvertOptions
from export.pipeline import convert

HEIGHT, WIDTH = 192, 224
COUNT = 50
Serve = Callable[[Path], AbstractContextManager[str]]


def real_photos() -> list[Image.Image]:
    """Every photograph of scikit-image's and scikit-learn's wheels, and our own samples."""
    import skimage.data  # noqa: PLC0415  heavy, and for its folder alone
    import sklearn.datasets  # noqa: PLC0415

    folders = [
        Path(skimage.data.__file__).parent,
        Path(sklearn.datasets.__file__).parent / "images",
        Path("export/samples"),
    ]
    drawn = {"chessboard_GRAY.png", "chessboard_RGB.png", "logo.png", "phantom.png", "text.png"}
    files = [
        path
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.suffix in (".png", ".jpg") and path.name not in drawn
    ]
    return [Image.open(path).convert("RGB") for path in files]


def encodings() -> Iterator[tuple[str, Callable[[Image.Image], Image.Image], dict[str, Any]]]:
    """Suffix, mode and settings of the kinds of file that people train on, again and again."""
    while True:
        yield "jpg", lambda picture: picture, {"quality": 90, "subsampling": "4:2:0"}
        yield "jpg", lambda picture: picture, {"quality": 75, "subsampling": "4:4:4"}
        yield "png", lambda picture: picture, {}
        yield "jpg", lambda picture: picture.convert("L"), {"quality": 85}
        yield "jpg", lambda picture: picture, {"quality": 60, "progressive": True}
        yield "png", lambda picture: picture.convert("RGBA"), {}
        yield "png", lambda picture: picture.quantize(64), {}
        yield "bmp", lambda picture: picture, {}
        yield "jpg", lambda picture: picture, {"quality": 95, "subsampling": "4:2:2"}
        yield "gif", lambda picture: picture.quantize(128), {}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Fifty real pictures: photographs, cut to odd sizes and written in ten kinds of file."""
    folder = tmp_path_factory.mktemp("pictures") / "all"
    folder.mkdir()
    photos = real_photos()
    rng = np.random.default_rng(20)
    files: list[Path] = []
    for index, (suffix, mode, settings) in zip(range(COUNT), encodings(), strict=False):
        photo = photos[index % len(photos)]
        # The first round keeps the whole photograph; the later ones cut a part of it.
        share = rng.uniform(0.45, 0.95, 2) if index >= len(photos) else (1.0, 1.0)
        width, height = int(photo.width * share[0]), int(photo.height * share[1])
        left = int(rng.integers(photo.width - width + 1))
        top = int(rng.integers(photo.height - height + 1))
        part = mode(photo.crop((left, top, left + width, top + height)))
        path = folder / f"{index:02d}.{suffix}"
        part.save(path, **settings)
        files.append(path)
    return files


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained Keras network, its bundle, and what training's own pipeline answers."""

    bundle: Bundle
    probabilities: np.ndarray


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, pictures: list[Path]) -> Trained:
    """EfficientNet-Lite0 with its ImageNet weights, non-square, fed as Keras feeds a training."""
    import keras  # noqa: PLC0415  TensorFlow takes seconds to import

    from export.weights.efficientnet_lite0 import load_weights, packaged_file  # noqa: PLC0415
    from export.zoo.efficientnet_lite0 import efficientnet_lite0  # noqa: PLC0415

    model = efficientnet_lite0((HEIGHT, WIDTH))
    load_weights(model, packaged_file())
    folder = tmp_path_factory.mktemp("trained")
    model.save(folder / "lite0.keras")
    dataset = keras.utils.image_dataset_from_directory(
        pictures[0].parents[1],
        labels=None,  # pyright: ignore[reportArgumentType]  Keras documents None, annotates str
        image_size=(HEIGHT, WIDTH),
        batch_size=10,
        shuffle=False,
        verbose=False,
    )
    probabilities = model.predict(dataset, verbose=0)  # pyright: ignore[reportArgumentType]  "auto", 0, 1 or 2
    bundle = convert(
        folder / "lite0.keras", ConvertOptions(name="lite0"), Repository(folder / "models")
    )
    return Trained(bundle, probabilities)


def ask(url: str, path: Path, classes: int) -> np.ndarray:
    """All class scores of a picture file, over HTTP."""
    response = httpx.post(
        f"{url}/v1/models/lite0/predict?top_k={classes}", content=path.read_bytes(), timeout=60
    )
    scores = np.zeros(classes)
    for entry in response.raise_for_status().json()["results"][0]["classes"]:
        scores[entry["class_id"]] = entry["score"]
    return scores


def through_pillow(classifier: Classifier, path: Path) -> np.ndarray:
    """The same network behind the usual three lines of Pillow."""
    with Image.open(io.BytesIO(path.read_bytes())) as picture:
        resized = picture.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized, dtype=classifier.manifest.input.dtype)
    return classifier.predict(pixels[None])[0]


def test_fifty_real_pictures_are_answered_as_in_training(
    trained: Trained,
    pictures: list[Path],
    serve: Serve,
    record_property: Callable[[str, object], None],
) -> None:
    expected = trained.probabilities
    with serve(trained.bundle.folder.parents[1]) as url:
        served = np.stack([ask(url, path, expected.shape[1]) for path in pictures])
    classifier = Classifier(trained.bundle)
    pillow = np.stack([through_pillow(classifier, path) for path in pictures])
    for name, answers in {"cutaway": served, "pillow": pillow}.items():
        agreement = (answers.argmax(1) == expected.argmax(1)).mean()
        difference = np.abs(answers - expected).max()
        record_property(f"{name}_top1_agreement", float(agreement))
        record_property(f"{name}_max_abs_difference", float(difference))
        print(f"{name}: top-1 agreement {agreement:.0%}, max |Δp| {difference:.5f}")
    assert (served.argmax(1) == expected.argmax(1)).all()
    assert np.abs(served - expected).max() <= 0.005
    # What skew costs: were this not larger, the comparison would prove nothing.
    assert np.abs(pillow - expected).max() > 0.05
