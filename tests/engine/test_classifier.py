"""One bundle, running."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from bundle.repository import PREDICT, Bundle
from engine.classifier import Classifier
from engine.errors import (
    DeviceError,
    GraphError,
    LayerNotFoundError,
    PixelsError,
    UnsupportedImageError,
)


def test_a_picture_file_becomes_a_prediction(colours: Bundle, colour_pictures: np.ndarray) -> None:
    classifier = Classifier(colours)
    for expected, pixels in enumerate(colour_pictures):
        file = io.BytesIO()
        Image.fromarray(pixels).resize((130, 77)).save(file, "JPEG")
        decoded = classifier.decode(file.getvalue())
        assert decoded.shape == (48, 64, 3)
        assert decoded.dtype == np.uint8
        scores = classifier.predict(decoded[None])
        assert scores.shape == (1, 3)
        assert scores[0].argmax() == expected
        assert scores[0].sum() == pytest.approx(1, abs=1e-6)


def test_a_batch_answers_as_its_pictures_do_alone(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    classifier = Classifier(colours)
    together = classifier.predict(colour_pictures)
    alone = np.concatenate([classifier.predict(one[None]) for one in colour_pictures])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_activations_come_by_path(colours: Bundle, colour_pictures: np.ndarray) -> None:
    values = Classifier(colours).activations(colour_pictures, ["pool", "rescaling", "pool"])
    assert list(values) == ["pool", "rescaling"]
    np.testing.assert_allclose(values["rescaling"], colour_pictures / np.float32(255), rtol=1e-6)
    np.testing.assert_allclose(values["pool"], values["rescaling"].mean((1, 2)), rtol=1e-4)


def test_an_unknown_layer_is_named(colours: Bundle, colour_pictures: np.ndarray) -> None:
    with pytest.raises(LayerNotFoundError, match="no layer 'conv1'; nearest: "):
        Classifier(colours).activations(colour_pictures, ["pool", "conv1"])


@pytest.mark.parametrize(
    ("shape", "dtype", "sentence"),
    [
        ((2, 64, 48, 3), np.uint8, r"expected pictures of shape \(batch, 48, 64, 3\), received"),
        ((48, 64, 3), np.uint8, "received .48, 64, 3."),
        ((2, 48, 64, 1), np.uint8, "received .2, 48, 64, 1."),
        ((0, 48, 64, 3), np.uint8, "received .0, 48, 64, 3."),
        ((1, 48, 64, 3), np.float32, "expected uint8 pictures, received float32"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(
    colours: Bundle, shape: tuple[int, ...], dtype: type, sentence: str
) -> None:
    with pytest.raises(PixelsError, match=sentence):
        Classifier(colours).predict(np.zeros(shape, dtype))


def test_what_is_no_picture_is_refused(colours: Bundle) -> None:
    with pytest.raises(UnsupportedImageError):
        Classifier(colours).decode(b"just some text, no picture at all")


def test_a_device_that_is_not_here_stops_the_start(colours: Bundle) -> None:
    with pytest.raises(DeviceError, match="onnxruntime-gpu"):
        Classifier(colours, device="cuda")


def test_a_graph_with_another_interface_than_the_manifest_says_is_refused(
    colours: Bundle,
) -> None:
    colours.path(PREDICT).write_bytes(colours.path("inspect.onnx").read_bytes())
    with pytest.raises(GraphError, match=r"predict.onnx of colours takes \['image'\] and gives"):
        Classifier(colours)


def test_the_engine_never_imports_tensorflow() -> None:
    code = (
        "import sys, engine.classifier, engine.batching\n"
        "print(sorted({'tensorflow', 'keras', 'tf2onnx', 'bentoml', 'fastapi'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
