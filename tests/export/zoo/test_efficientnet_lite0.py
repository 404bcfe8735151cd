"""EfficientNet-Lite0 answers what its ImageNet weights should answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
from PIL import Image

from export.defaults.imagenet import imagenet_labels
from export.weights.efficientnet_lite0 import load_weights, packaged_file
from export.zoo.efficientnet_lite0 import PARAMETERS, efficientnet_lite0

SAMPLES = Path(__file__).parents[3] / "export" / "samples"
SCIKIT_IMAGE = Path(skimage.__file__).parent / "data"


@pytest.fixture(scope="module")
def network() -> Any:
    model = efficientnet_lite0()
    load_weights(model, packaged_file())
    return model


def centre(path: Path) -> np.ndarray:
    """The middle 224/256 of the short side, bicubic, as the weights' authors evaluated them."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
        side = int(min(picture.size) * 224 / 256)
        left, top = ((length - side + 1) // 2 for length in picture.size)
        middle = picture.crop((left, top, left + side, top + side))
        return np.asarray(middle.resize((224, 224), Image.Resampling.BICUBIC), np.float32)


@pytest.mark.parametrize(
    ("path", "class_id", "label", "probability"),
    [
        (SAMPLES / "flower.jpg", 985, "daisy", 0.32),
        (SAMPLES / "china.jpg", 698, "palace", 0.28),
        (SCIKIT_IMAGE / "chelsea.png", 282, "a cat having a striped coat", 0.41),
        (SCIKIT_IMAGE / "coffee.png", 967, "espresso", 0.95),
        (SCIKIT_IMAGE / "camera.png", 872, "tripod", 0.94),
        (SCIKIT_IMAGE / "motorcycle_left.png", 665, "moped", 0.51),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else None,
)
def test_a_photo_gets_its_known_answer(
    network: Any, path: Path, class_id: int, label: str, probability: float
) -> None:
    scores = network.predict(centre(path)[None], verbose=0)[0]
    assert scores.argmax() == class_id
    assert imagenet_labels()[class_id] == label
    assert scores[class_id] == pytest.approx(probability, abs=0.006)


def test_it_has_its_published_number_of_parameters(network: Any) -> None:
    assert network.count_params() == PARAMETERS
    assert len(network.weights) == 247


def test_without_classes_the_last_activation_comes_out() -> None:
    assert efficientnet_lite0((64, 96), classes=None).output_shape == (None, 2, 3, 1280)


def test_layers_are_named_as_keras_names_efficientnets() -> None:
    names = [layer.name for layer in efficientnet_lite0((32, 32)).layers]
    assert len(set(names)) == len(names)
    assert names[:5] == ["image", "rescaling", "stem_conv", "stem_bn", "stem_activation"]
    assert {"block1a_dwconv", "block4b_add", "block7a_project_bn", "top_activation"} <= set(names)
    assert "block1a_expand_conv" not in names
