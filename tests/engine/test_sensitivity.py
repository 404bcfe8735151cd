"""Runs forwards and back in pieces."""

from math import prod
from pathlib import Path

import numpy as np
import pytest

from engine import sensitivity
from engine.inspector import INPUT
from engine.sensitivity import pictures_a_run
from engine.targets import ChannelTarget, ClassTarget, Target
from tests.engine.attribution.toys import HEIGHT, WIDTH, layer, linear_toy, pooled_toy


def test_a_run_back_takes_as_many_pictures_as_its_memory_holds(tmp_path: Path) -> None:
    manifest = linear_toy(tmp_path).manifest
    rows = (layer("a", "Conv2D", (1000, 1000, 10)), layer("b", "Conv2D", (1000, 1000, 6)))
    assert pictures_a_run(manifest.model_copy(update={"layers": rows})) == 256 // (16 * 4)
    assert pictures_a_run(manifest.model_copy(update={"layers": rows * 20})) == 1
    assert pictures_a_run(manifest.model_copy(update={"layers": ()})) > 1


@pytest.mark.parametrize(
    "target",
    [ClassTarget(), ClassTarget((0, 1, 2, 3, 0)), ChannelTarget("conv_relu", 1, seed="activation")],
)
def test_pieces_are_put_together_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Target
) -> None:
    toy = pooled_toy(tmp_path)
    shape = (5, HEIGHT, WIDTH, 3)
    pictures = np.random.default_rng(8).integers(0, 256, shape, dtype=np.uint8)
    whole = toy.inspector.sensitivity(pictures, target, [INPUT], activations=["conv"])
    numbers = sum(prod(row.shape) for row in toy.manifest.layers)
    monkeypatch.setattr(sensitivity, "RUN_BYTES", 2 * 4 * numbers)  # pieces of 2, 2 and 1
    pieces = toy.inspector.sensitivity(pictures, target, [INPUT], activations=["conv"])
    np.testing.assert_allclose(
        pieces.gradients[INPUT], whole.gradients[INPUT], rtol=1e-4, atol=1e-9
    )
    np.testing.assert_allclose(pieces.activations["conv"], whole.activations["conv"], rtol=1e-5)
    np.testing.assert_allclose(pieces.scores, whole.scores, rtol=1e-5)
    assert pieces.predictions.shape == whole.predictions.shape
