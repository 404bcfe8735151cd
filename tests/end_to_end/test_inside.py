"""Every layer of four transfer models, fetched from a real server, equals eager Keras.

The bound is export's own (docs/decisions/0004): 1e-4 of the layer's largest value, or what Keras
itself moves there when the levels move by an amount nobody can see.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest

from bundle.manifest import Layer
from engine.classifier import Classifier

if TYPE_CHECKING:  # TensorFlow takes seconds to import
    from tests.end_to_end.exports import Exported

Serve = Callable[[Path], AbstractContextManager[str]]

slow = pytest.mark.slow
SAMPLES = Path("export/samples")
PICTURES = (SAMPLES / "chelsea.jpg", SAMPLES / "coffee.jpg")
# What one request may ask for by default: layers, and bytes of all pictures' values.
CAP_LAYERS, CAP_BYTES = 16, 64_000_000


def chunks(layers: Sequence[Layer], pictures: int) -> Iterator[list[str]]:
    """Paths of layers, as many as one request may ask for."""
    asked: list[str] = []
    total = 0
    for layer in layers:
        size = 4 * pictures * int(np.prod(layer.shape))
        if asked and (len(asked) == CAP_LAYERS or total + size > CAP_BYTES):
            yield asked
            asked, total = [], 0
        asked.append(layer.path)
        total += size
    yield asked


def fetch(url: str, model: str, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """Activations of the pictures, sent as the files they are: path → (pictures, *shape)."""
    response = httpx.post(
        f"{url}/v1/models/{model}/activations",
        params={"layer": list(layers), "format": "npz"},
        files=[("image", (path.name, path.read_bytes())) for path in PICTURES],
        timeout=120,
    )
    assert response.is_success, response.text
    with np.load(io.BytesIO(response.content), allow_pickle=False) as values:
        return {path: values[path] for path in layers}


def check_layers(exported: "Exported", url: str) -> None:
    """Compare all, and say which was nearest to its bound."""
    from export.parity import (  # noqa: PLC0415  TensorFlow takes seconds to import
        LAYER_ABSOLUTE,
        LAYER_RELATIVE,
        measure_movements,
        run_keras,
    )

    manifest = exported.bundle.manifest
    classifier = Classifier(exported.bundle)
    pixels = np.stack([classifier.decode(path.read_bytes()) for path in PICTURES])
    _, expected = run_keras(exported.network, pixels)
    movements = measure_movements(exported.network, pixels, expected)
    worst = (0.0, "")
    for asked in chunks(manifest.layers, len(pixels)):
        for path, values in fetch(url, manifest.name, asked).items():
            assert values.dtype == np.float32
            assert values.shape == expected[path].shape, path
            bound = LAYER_RELATIVE * np.abs(expected[path]).max() + LAYER_ABSOLUTE
            error = float(np.abs(values.astype(np.float64) - expected[path]).max())
            worst = max(worst, (error / max(bound, movements[path]), path))
            assert not np.array_equal(values[0], values[1]) or not values.any(), path
    print(f"{manifest.name}: {len(manifest.layers)} layers, nearest to its bound: {worst[1]}, "
          f"{worst[0]:.2f} of it")  # fmt: skip
    assert worst[0] <= 1


def test_every_layer_of_the_default_imagenet_model_equals_keras(
    default_models: Path, serve: Serve
) -> None:
    from tests.end_to_end.exports import default_imagenet  # noqa: PLC0415  see above

    with serve(default_models) as url:
        check_layers(default_imagenet(default_models), url)


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        pytest.param("VGG19", 22, marks=slow),
        pytest.param("ResNet50V2", 190, marks=slow),
        pytest.param("InceptionV3", 311, marks=slow),
    ],
)
def test_every_layer_of_a_transfer_model_equals_keras(
    exported: Callable[[str], "Exported"], serve: Serve, name: str, layers: int
) -> None:
    network = exported(name)
    nested = [layer for layer in network.bundle.manifest.layers if "/" in layer.path]
    assert len(nested) == layers
    with serve(network.models) as url:
        check_layers(network, url)
