"""Which weights are made random, and how."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import uses_external_data

from bundle.repository import WEIGHTS
from engine.graphs import load_graph, prune
from engine.inspector import Inspector
from engine.randomization import WeightedOperator, randomize, weighted_operators
from tests.engine.attribution.toys import CLASSES, Toy, layer, pooled_toy, save_toy, weights_of


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Three convolutions, pooled head."""
    return pooled_toy(tmp_path_factory.mktemp("deep"), blocks=3)


def values_of(model: onnx.ModelProto, folder: Path) -> dict[str, np.ndarray]:
    return {t.name: numpy_helper.to_array(t, str(folder)) for t in model.graph.initializer}


def test_kernels_in_order_with_what_belongs_to_them(deep: Toy) -> None:
    assert weighted_operators(load_graph(deep.graph), deep.manifest) == [
        WeightedOperator("conv", ("conv_kernel", "conv_bias")),
        WeightedOperator("conv2", ("conv2_kernel", "conv2_bias")),
        WeightedOperator("conv3", ("conv3_kernel", "conv3_bias")),
        WeightedOperator("predictions", ("head_kernel", "head_bias")),
    ]


def test_scales_belong_to_the_kernel_before_and_constants_to_none(tmp_path: Path) -> None:
    """Levels minus a mean colour, Conv, batch normalisation as Mul and Add, ReLU6 / 6, dense."""
    shapes: dict[str, tuple[int, ...]] = {"kernel": (4, 3, 3, 3), "head": (4, CLASSES)}
    weights = weights_of(shapes, seed=5) | {
        "mean_colour": np.array([120, 115, 100], np.float32),
        "gamma": np.linspace(1, 2, 4, dtype=np.float32).reshape(1, 4, 1, 1),
        "beta": np.linspace(-1, 1, 4, dtype=np.float32).reshape(1, 4, 1, 1),
        "six": np.array(6, np.float32),
        "zero": np.array(0, np.float32),
        "sixth": np.array(1 / 6, np.float32),
        "axes": np.array([2, 3], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["levels", "mean_colour"], ["centred"]),
        helper.make_node("Transpose", ["centred"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel"], ["conv/inner"]),
        helper.make_node("Mul", ["conv/inner", "gamma"], ["scaled"]),
        helper.make_node("Add", ["scaled", "beta"], ["normal"]),
        helper.make_node("Clip", ["normal", "zero", "six"], ["clipped"]),
        helper.make_node("Mul", ["clipped", "sixth"], ["share"]),
        helper.make_node("ReduceMean", ["share", "axes"], ["pool"], keepdims=0),
        helper.make_node("MatMul", ["pool", "head"], ["logits"]),
        helper.make_node("Transpose", ["normal"], ["bn"], perm=[0, 2, 3, 1]),
    ]
    layers = [layer("bn", "BatchNormalization", (10, 18, 4)), layer("pool", "Pooling", (4,))]
    toy = save_toy(tmp_path, nodes, weights, layers)
    assert weighted_operators(load_graph(toy.graph), toy.manifest) == [
        WeightedOperator("bn", ("kernel", "gamma", "beta")),
        WeightedOperator("predictions", ("head",)),
    ]


def test_a_permutation_keeps_the_values_and_loses_their_places(deep: Toy) -> None:
    model, folder = load_graph(deep.graph), deep.graph.parent
    before = values_of(model, folder)
    after = values_of(randomize(model, folder, ["conv2_kernel"], 0), folder)
    assert after["conv2_kernel"].shape == before["conv2_kernel"].shape
    assert (after["conv2_kernel"] != before["conv2_kernel"]).mean() > 0.9
    np.testing.assert_array_equal(
        np.sort(after["conv2_kernel"], axis=None), np.sort(before["conv2_kernel"], axis=None)
    )
    for name in before.keys() - {"conv2_kernel"}:
        np.testing.assert_array_equal(after[name], before[name])


def test_the_bundle_and_the_graph_are_left_alone(deep: Toy) -> None:
    model, folder = load_graph(deep.graph), deep.graph.parent
    before = model.SerializeToString(), (folder / WEIGHTS).read_bytes()
    changed = randomize(model, folder, ["conv_kernel", "head_kernel"], 0)
    assert (model.SerializeToString(), (folder / WEIGHTS).read_bytes()) == before
    external = {t.name: uses_external_data(t) for t in changed.graph.initializer}
    assert not external["conv_kernel"]
    assert external["conv2_kernel"]


def test_a_longer_list_continues_a_shorter_one_and_the_seed_decides(deep: Toy) -> None:
    model, folder = load_graph(deep.graph), deep.graph.parent
    names = ["head_kernel", "conv3_kernel"]
    short = values_of(randomize(model, folder, names[:1], 3), folder)["head_kernel"]
    longer = values_of(randomize(model, folder, names[::-1], 3), folder)["head_kernel"]
    other = values_of(randomize(model, folder, names, 4), folder)["head_kernel"]
    np.testing.assert_array_equal(short, longer)
    assert (short != other).any()


def test_kernels_of_one_shape_are_permuted_differently(deep: Toy) -> None:
    model, folder = load_graph(deep.graph), deep.graph.parent
    names = ["conv2_kernel", "conv3_kernel"]
    before, after = values_of(model, folder), values_of(randomize(model, folder, names, 0), folder)
    assert before[names[0]].shape == before[names[1]].shape
    origins = [
        np.argsort(before[name], axis=None)[np.argsort(np.argsort(after[name], axis=None))]
        for name in names
    ]
    assert (origins[0] != origins[1]).mean() > 0.9  # where each number came from


def test_a_randomised_graph_runs_with_the_rest_of_its_weights_from_the_file(deep: Toy) -> None:
    folder = deep.graph.parent
    picture = np.random.default_rng(8).integers(0, 256, (2, 12, 20, 3), dtype=np.uint8)
    graph = randomize(deep.inspector.graph, folder, ["conv2_kernel"], 0)
    assert len(prune(graph, ["predictions"]).graph.node) < len(graph.graph.node)
    other = Inspector(graph, deep.manifest, folder=folder)
    before, after = deep.inspector.predict(picture), other.predict(picture)
    assert after.shape == before.shape
    assert np.abs(before - after).max() > 1e-4
    first, second = (
        inspector.activations(picture, ["conv"])["conv"] for inspector in (deep.inspector, other)
    )
    np.testing.assert_array_equal(first, second)
