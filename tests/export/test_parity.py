"""Transfer models on five bases: every layer equals eager Keras, nested ones too.

Their weights are random and calibrated (tests/end_to_end/transfer_models.py). Each test asserts
that the scores differ between pictures and are not saturated, where any two networks agree.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.repository import PARITY, Bundle
from engine.classifier import Classifier
from export.load import load_keras
from tests.end_to_end.transfer_models import AUGMENTATION, transfer_model

Exporter = Callable[..., Bundle]

slow = pytest.mark.slow
BASES = [
    # the base, (height, width), and how many layers it has
    pytest.param("InceptionV3", (139, 171, 311)),
    pytest.param("MobileNetV2", (96, 128, 154)),
    pytest.param("VGG19", (96, 112, 22), marks=slow),
    pytest.param("ResNet50V2", (128, 96, 190), marks=slow),
    pytest.param("EfficientNetB0", (96, 128, 237), marks=slow),
]


@pytest.mark.parametrize(("name", "form"), BASES)
def test_every_layer_of_a_transfer_model_equals_keras(
    export: Exporter, tmp_path: Path, name: str, form: tuple[int, int, int]
) -> None:
    height, width, base_layers = form
    model = transfer_model(name, (height, width))
    bundle = export(model, stated=None)
    report = json.loads(bundle.path(PARITY).read_text())
    assert report["batches"] == [1, 3]
    rows = {row["path"]: row for row in report["layers"]}
    assert len(rows) == len(bundle.manifest.layers)
    nested = [path for path in rows if "/" in path]
    assert len(nested) == base_layers
    assert sum("random_" in path for path in rows) == AUGMENTATION
    assert all(row["max_abs_error"] <= row["allowed"] for row in rows.values())
    assert report["prediction"]["max_abs_error"] <= 1e-5
    assert report["end_to_end"]["top1_agreement"] == 1
    check_prediction(bundle, load_keras(tmp_path / "model.keras"))


def check_prediction(bundle: Bundle, model: Any) -> None:
    """The published bundle against the saved file, both loaded anew, at batch 1 and 3."""
    golden = np.load(bundle.path("golden.npz"))["pixels"]
    classifier = Classifier(bundle)
    for pixels in (golden[:1], golden[1:4]):
        expected = model.predict(pixels.astype(np.float32), verbose=0)
        np.testing.assert_allclose(classifier.predict(pixels), expected, atol=1e-5)
    scores = classifier.predict(golden)
    assert np.ptp(scores, axis=0).max() > 0.02, "the network answers the same to everything"
    assert scores.max() < 0.99, "the softmax is saturated"
