"""The pooled head in the forms that exporters give it."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engine.attribution.cam import cam
from engine.attribution.pooled_head import find_pooled_head
from engine.errors import MethodError
from engine.targets import ClassTarget
from tests.engine.attribution.toys import HEIGHT, WIDTH, Activation, Toy, layer, save_toy

KERNEL = np.random.default_rng(5).normal(size=(3, 2)).astype(np.float32)
BIAS = np.array([0.5, -2], np.float32)
Nodes = list[onnx.NodeProto]
node = helper.make_node


def toy(
    folder: Path,
    head: Nodes,
    weights: dict[str, NDArray[Any]],
    *,
    activation: Activation = "softmax",
    sub_model: bool = False,
) -> Toy:
    """The colours, 0-1, as `planes` and as layer `features`, and a head on them."""
    nodes = [
        node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        node("Div", ["levels", "scale"], ["features"]),
        node("Transpose", ["features"], ["planes"], perm=[0, 3, 1, 2]),
        *head,
    ]
    layers = [layer("features", "Conv2D", (HEIGHT, WIDTH, 3))]
    if sub_model:
        nodes.insert(3, node("Identity", ["features"], ["base"]))
        layers.append(layer("base", "Functional", (HEIGHT, WIDTH, 3)))
    weights = {"scale": np.array(255, np.float32), **weights}
    return save_toy(folder, nodes, weights, layers, classes=2, activation=activation)


GLOBAL_POOL = node("GlobalAveragePool", ["planes"], ["pooled"])
FLATTEN = node("Flatten", ["pooled"], ["flat"])
MATMUL = [
    GLOBAL_POOL,
    FLATTEN,
    node("MatMul", ["flat", "kernel"], ["product"]),
    node("Add", ["bias", "product"], ["logits"]),
]
GEMM = [
    GLOBAL_POOL,
    FLATTEN,
    node("Gemm", ["flat", "kernel", "bias"], ["logits"], transB=1, alpha=2.0),
]
CONVOLUTION = [
    node("ReduceMean", ["features", "axes"], ["pooled"], keepdims=1),
    node("Transpose", ["pooled"], ["place"], perm=[0, 3, 1, 2]),
    node("Conv", ["place", "kernel", "bias"], ["product"]),
    node("Squeeze", ["product", "squeezed"], ["logits"]),
]
FORMS: dict[str, tuple[Nodes, dict[str, NDArray[Any]]]] = {
    "matmul": (MATMUL, {"kernel": KERNEL, "bias": BIAS}),
    "gemm": (GEMM, {"kernel": np.ascontiguousarray(KERNEL.T) / 2, "bias": BIAS}),
    "convolution": (
        CONVOLUTION,
        {
            "kernel": np.ascontiguousarray(KERNEL.T)[:, :, None, None],
            "bias": BIAS,
            "axes": np.array([-3, -2], np.int64),
            "squeezed": np.array([2, 3], np.int64),
        },
    ),
}


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "none"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_maps(
    tmp_path: Path, pictures: NDArray[np.uint8], form: str, activation: Activation
) -> None:
    network = toy(tmp_path, *FORMS[form], activation=activation)
    found = cam(network.inspector, pictures, ClassTarget((1, 0, 1)))
    expected = np.einsum("bhwk,kb->bhw", pictures / 255, KERNEL[:, [1, 0, 1]])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    logits = network.inspector.scores(pictures, ClassTarget((1, 0, 1)))
    np.testing.assert_allclose(found.mean(axis=(1, 2)) + BIAS[[1, 0, 1]], logits, rtol=1e-4)


def test_a_sub_model_repeats_its_last_layer_and_both_names_hold(tmp_path: Path) -> None:
    network = toy(tmp_path, *FORMS["matmul"], sub_model=True)
    head = find_pooled_head(network.inspector.graph, network.manifest)
    assert head.layers == ("features", "base")


def refusal(folder: Path, head: Nodes, **weights: NDArray[Any]) -> str:
    network = toy(folder, head, weights)
    with pytest.raises(MethodError) as refused:
        find_pooled_head(network.inspector.graph, network.manifest)
    return str(refused.value)


def test_a_mean_over_one_axis_is_no_global_pooling(tmp_path: Path) -> None:
    kernel = np.ones((WIDTH * 3, 2), np.float32)
    head = [
        node("ReduceMean", ["features", "axes"], ["rows"], keepdims=0),
        node("Flatten", ["rows"], ["flat"]),
        node("MatMul", ["flat", "kernel"], ["logits"]),
    ]
    axes = np.array([1], np.int64)
    assert "not over height and width" in refusal(tmp_path, head, kernel=kernel, axes=axes)


def test_two_dense_layers_are_not_one(tmp_path: Path) -> None:
    head = [
        GLOBAL_POOL,
        FLATTEN,
        node("MatMul", ["flat", "hidden"], ["features2"]),
        node("MatMul", ["features2", "kernel"], ["logits"]),
    ]
    message = refusal(tmp_path, head, hidden=np.eye(3, dtype=np.float32), kernel=KERNEL)
    assert "here MatMul stands in the place of GlobalAveragePool or ReduceMean" in message


def test_pooled_values_that_no_layer_names_have_no_map(tmp_path: Path) -> None:
    head = [
        node("Relu", ["planes"], ["positive"]),
        node("GlobalAveragePool", ["positive"], ["pooled"]),
        FLATTEN,
        node("MatMul", ["flat", "kernel"], ["logits"]),
    ]
    assert "no layer of its layer table" in refusal(tmp_path, head, kernel=KERNEL)
