"""The health check: maps must change when weights do."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from bundle.repository import WEIGHTS
from engine.arrays import Pixels
from engine.attribution.gradient import gradient
from engine.attribution.integrated_gradients import integrated_gradients
from engine.errors import MethodError
from engine.inspector import Inspector
from engine.selfcheck import Explain, SelfCheck, selfcheck
from engine.targets import ClassTarget, Target
from tests.engine.attribution.toys import HEIGHT, WIDTH, Toy, pooled_toy, save_toy

PICTURES = np.random.default_rng(9).integers(0, 256, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Three convolutions, pooled head."""
    return pooled_toy(tmp_path_factory.mktemp("deep"), blocks=3)


def check(toy: Toy, explain: Explain = gradient, *, stages: int = 8, seed: int = 0) -> SelfCheck:
    """The check of one method on three pictures, each with its own highest class."""
    inspector = toy.inspector
    target = ClassTarget()
    return selfcheck(inspector, PICTURES, target, explain, stages=stages, seed=seed)


def edges(inspector: Inspector, pixels: Pixels, target: Target) -> NDArray[np.float32]:
    """What never looked at the model: the picture's own contrast, (batch, height, width)."""
    del inspector, target
    return np.abs(np.diff(pixels.astype(np.float32), axis=1, append=0)).sum(axis=-1)


def test_the_gradient_passes_and_its_stages_go_from_the_head_down(deep: Toy) -> None:
    found = check(deep)
    assert found.sensitive
    assert [stage.layers for stage in found.stages] == [
        ("predictions",),
        ("conv3",),
        ("conv2",),
        ("conv",),
    ]
    assert found.similarity < found.threshold
    assert found.dead == 0


def test_a_method_that_never_looks_at_the_model_fails(deep: Toy) -> None:
    found = check(deep, edges)
    assert not found.sensitive
    assert found.similarity == pytest.approx(1)
    for stage in found.stages:
        assert stage.spearman == pytest.approx(1)
        assert stage.ssim == pytest.approx(1)


def test_at_most_so_many_stages_and_every_layer_in_one_of_them(deep: Toy) -> None:
    found = check(deep, stages=3)
    assert len(found.stages) == 3
    layers = [layer for stage in found.stages for layer in stage.layers]
    assert layers == ["predictions", "conv3", "conv2", "conv"]


def reweighted(
    folder: Path, change: Callable[[str, NDArray[np.float32]], NDArray[np.float32]]
) -> Toy:
    """The deep toy with other weights."""
    toy = pooled_toy(folder / "original", blocks=3)
    graph = toy.inspector.graph
    weights = {name: change(name, value) for name, value in toy.weights.items()}
    nodes = [n for n in graph.graph.node if not n.output[0].startswith("predictions")]
    rows = [row for row in toy.manifest.layers if row.path != "predictions"]
    return save_toy(folder / "changed", nodes, weights, rows)


def test_a_model_without_weights_fails(tmp_path: Path) -> None:
    toy = reweighted(
        tmp_path, lambda name, value: value * 0 if name.endswith(("kernel", "bias")) else value
    )
    found = check(toy)
    assert not found.sensitive
    assert found.dead == 1
    assert all(stage.spearman == stage.ssim == 0 for stage in found.stages)


def test_a_head_that_ignores_its_input_fails(tmp_path: Path) -> None:
    toy = reweighted(tmp_path, lambda name, value: value * 0 if name == "head_kernel" else value)
    assert np.ptp(toy.inspector.predict(PICTURES), axis=0).max() == 0
    for method in (gradient, partial(integrated_gradients, steps=3)):
        found = check(toy, method)
        assert not found.sensitive
        assert found.dead == 1


def test_a_model_that_learnt_one_number_fails(tmp_path: Path) -> None:
    """Equal weights are the same in any order: nothing was learnt that could be destroyed."""

    def even(name: str, value: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full_like(value, 0.1) if name.endswith(("kernel", "bias")) else value

    found = check(reweighted(tmp_path, even))
    assert not found.sensitive
    assert found.similarity == pytest.approx(1)


def test_a_map_that_dies_or_explodes_on_the_way_is_no_nan(deep: Toy) -> None:
    """Constant for one picture and infinite for another once the weights are random."""

    def fragile(inspector: Inspector, pixels: Pixels, target: Target) -> NDArray[np.float32]:
        maps = gradient(inspector, pixels, target)
        if inspector is not deep.inspector:
            maps[0], maps[1, 2, 3] = 7, np.inf
        return maps

    for stage in check(deep, fragile).stages:
        assert stage.dead == pytest.approx(2 / 3)
        assert np.isfinite([stage.spearman, stage.spearman_absolute, stage.ssim]).all()


def test_dead_originals_do_not_water_the_verdict_down(deep: Toy) -> None:
    def mostly_dead(inspector: Inspector, pixels: Pixels, target: Target) -> NDArray[np.float32]:
        maps = edges(inspector, pixels, target)
        maps[:2] = 0
        return maps

    found = check(deep, mostly_dead)
    assert found.dead == pytest.approx(2 / 3)
    assert found.similarity == pytest.approx(1)
    assert not found.sensitive


def test_the_class_stays_the_original_networks(deep: Toy) -> None:
    asked: list[Target] = []

    def watching(inspector: Inspector, pixels: Pixels, target: Target) -> NDArray[np.float32]:
        asked.append(target)
        return gradient(inspector, pixels, target)

    check(deep, watching)
    highest = tuple(deep.inspector.predict(PICTURES).argmax(axis=1).tolist())
    assert asked == [ClassTarget(highest)] * 5


def test_progress_after_each_stage(deep: Toy) -> None:
    heard: list[tuple[int, int]] = []
    selfcheck(
        deep.inspector,
        PICTURES,
        ClassTarget(),
        gradient,
        stages=2,
        progress=lambda done, total: heard.append((done, total)),
    )
    assert heard == [(3, 9), (6, 9), (9, 9)]


def test_the_seed_decides_and_nothing_is_left_behind(deep: Toy) -> None:
    folder = deep.graph.parent
    check(deep)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    kept = deep.inspector.sessions.kept
    first, again, other = check(deep, seed=1), check(deep, seed=1), check(deep, seed=2)
    assert first == again
    assert first != other
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert WEIGHTS in files
    assert deep.inspector.sessions.kept == kept


def test_a_network_without_weights_cannot_be_checked(tmp_path: Path) -> None:
    """Its logits are the picture's mean colour."""
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["levels", "axes"], ["logits"], keepdims=0),
    ]
    toy = save_toy(tmp_path, nodes, {"axes": np.array([1, 2], np.int64)}, [], classes=3)
    with pytest.raises(MethodError, match="no weights"):
        check(toy)
