"""Whole networks: the gradient at every tensor on the way, pictures non-square and distinct."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, version_converter

from engine.gradients import SEED, differentiate, gradient_name
from engine.sessions import open_session
from tests.engine.gradients.differences import as_float32, draw, evaluator, network, node, run

Array = np.ndarray[Any, np.dtype[np.float64]]
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
STEP = 1e-7  # small: among hundreds of elements some are near a kink


def kernel(seed: int, *shape: int) -> Array:
    """Weights that keep activations of the order of one."""
    return draw(seed, *shape) * np.sqrt(6 / np.prod(shape[1:]))


def alexnet_like() -> onnx.ModelProto:
    """Grouped convolution, local response normalisation, overlapping max pooling, dense layers."""
    nodes = [
        node("Transpose", "x", "planes", perm=[0, 3, 1, 2]),
        node("Conv", "planes w1 b1", "conv1", strides=[2, 2], kernel_shape=[5, 5]),
        node("Relu", "conv1", "relu1"),
        node("LRN", "relu1", "norm1", size=5, alpha=0.5, beta=0.75, bias=1.0),
        node("MaxPool", "norm1", "pool1", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        node("Conv", "pool1 w2 b2", "conv2", group=2, pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        node("Relu", "conv2", "relu2"),
        node("LRN", "relu2", "norm2", size=3, alpha=1.0, beta=0.5, bias=2.0),
        node("MaxPool", "norm2", "pool2", kernel_shape=[3, 3], strides=[1, 2], pads=[1, 1, 1, 1]),
        node("Flatten", "pool2", "flat"),
        node("Gemm", "flat w3 b3", "fc6", transB=1),
        node("Relu", "fc6", "relu6"),
        node("Gemm", "relu6 w4 b4", "logits"),
    ]
    constants = {
        "w1": kernel(1, 6, 3, 5, 5),
        "b1": draw(2, 6),
        "w2": kernel(3, 8, 3, 3, 3),
        "b2": draw(4, 8),
        "w3": kernel(5, 7, 8 * 4 * 3),
        "b3": draw(6, 7),
        "w4": kernel(7, 7, 5),
        "b4": draw(8, 5),
    }
    return network(nodes, {"x": ["batch", 19, 23, 3]}, constants, ["logits"])


def inception_like() -> onnx.ModelProto:
    """Four branches, one of them pooled and one dilated, concatenated and pooled over all."""
    same = {"auto_pad": "SAME_UPPER"}
    nodes = [
        node("Conv", "x w1", "one", kernel_shape=[1, 1]),
        node("Relu", "one", "mixed_one"),
        node("Conv", "x w2", "three", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Sigmoid", "three", "mixed_three"),
        node("Conv", "x w3", "wide", kernel_shape=[1, 3], dilations=[1, 2], pads=[0, 2, 0, 2]),
        node("Relu", "wide", "mixed_wide"),
        node("AveragePool", "x", "pool", kernel_shape=[3, 3], count_include_pad=0, **same),
        node("Conv", "pool w1", "mixed_pool", kernel_shape=[1, 1]),
        node("Concat", "mixed_one mixed_three mixed_wide mixed_pool", "mixed", axis=1),
        node("MaxPool", "mixed", "reduced", kernel_shape=[3, 2], strides=[2, 1], **same),
        node("GlobalAveragePool", "reduced", "pooled"),
        node("Flatten", "pooled", "features"),
        node("MatMul", "features w4", "product"),
        node("Add", "product b4", "logits"),
    ]
    constants = {
        "w1": kernel(1, 2, 3, 1, 1),
        "w2": kernel(2, 3, 3, 3, 3),
        "w3": kernel(3, 2, 3, 1, 3),
        "w4": kernel(4, 9, 4),
        "b4": draw(5, 4),
    }
    return network(nodes, {"x": ["batch", 3, 6, 9]}, constants, ["logits"])


def residual_like() -> onnx.ModelProto:
    """Pre-activation, a padded strided convolution, a strided shortcut, a depthwise one, a sum."""
    nodes = [
        node("BatchNormalization", "x scale bias mean var", "preact"),
        node("Relu", "preact", "relu"),
        node("Conv", "relu w1", "conv1", kernel_shape=[1, 1]),
        node("Clip", "conv1 low high", "clipped"),
        node("Pad", "clipped pads", "padded"),
        node("Conv", "padded w2", "depthwise", group=4, kernel_shape=[3, 3], strides=[2, 2]),
        node("Conv", "depthwise w3", "conv3", kernel_shape=[1, 1]),
        node("MaxPool", "x", "shortcut", kernel_shape=[1, 1], strides=[2, 2]),
        node("Add", "conv3 shortcut", "sum"),
        node("Mul", "sum gain", "scaled"),
        node("ReduceMean", "scaled axes", "features", keepdims=0),
        node("MatMul", "features w4", "logits"),
    ]
    constants = {
        "scale": draw(1, 4, low=0.5, high=2),
        "bias": draw(2, 4),
        "mean": draw(3, 4),
        "var": draw(4, 4, low=0.5, high=2),
        "low": np.float64(0),
        "high": np.float64(1.05),
        "w1": kernel(5, 4, 4, 1, 1),
        "w2": kernel(6, 4, 1, 3, 3),
        "w3": kernel(7, 4, 4, 1, 1),
        "w4": kernel(8, 4, 3),
        "gain": draw(9, 4, 1, 1),
        "axes": np.array([2, 3]),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    }
    return network(nodes, {"x": ["batch", 4, 7, 10]}, constants, ["logits"])


def behind(model: onnx.ModelProto, tensor: str, rank: int) -> onnx.ModelProto:
    """The same graph with `tensor` given instead of computed."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.node[:]
    cut.graph.node.extend(each for each in model.graph.node if tensor not in each.output)
    kind = onnx.TensorProto.DOUBLE
    if all(value.name != tensor for value in cut.graph.input):
        cut.graph.input.append(helper.make_tensor_value_info(tensor, kind, [None] * rank))
    return cut


def slopes(
    model: onnx.ModelProto, feeds: dict[str, Array], tensor: str, directions: Sequence[Array]
) -> list[float]:
    """Central differences of the sum of seed · logits along directions of one tensor."""
    forward = evaluator(behind(model, tensor, feeds[tensor].ndim))

    def score(moved: Array) -> float:
        (logits,) = forward.run(["logits"], {"x": feeds["x"], tensor: moved})
        return float((np.asarray(logits) * feeds[SEED]).sum())

    value = feeds[tensor]
    return [
        (score(value + STEP * each) - score(value - STEP * each)) / (2 * STEP)
        for each in directions
    ]


def directions(value: Array, seed: int) -> list[Array]:
    """Three at random, and ten single elements; none moves a zero.

    Zeros come from rectifiers: where a pooling window holds nothing else, they tie for its maximum,
    and the network has no derivative.
    """
    random = np.random.default_rng(seed)
    found = [np.where(value == 0, 0, random.normal(size=value.shape)) for _ in range(3)]
    moving = np.flatnonzero(value)
    for element in random.choice(moving, min(10, moving.size), replace=False):
        one = np.zeros(value.size)
        one[element] = 1
        found.append(one.reshape(value.shape))
    return found


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("build", [alexnet_like, inception_like, residual_like])
def test_the_gradient_at_every_tensor(build: Any, batch: int) -> None:
    model = build()
    shape = [axis.dim_value for axis in model.graph.input[0].type.tensor_type.shape.dim[1:]]
    tensors = ["x", *(name for each in model.graph.node for name in each.output)]
    x = draw(11, batch, *shape)
    values = dict(zip(tensors, run(model, tensors, {"x": x}), strict=True))
    seed = draw(12, *values["logits"].shape)
    graph = differentiate(model, target="logits", wrt=tensors)
    onnx.checker.check_model(graph, full_check=True)
    names = [gradient_name(name) for name in tensors]
    found = run(graph, names, {"x": x, SEED: seed})
    single = differentiate(as_float32(model), target="logits", wrt=tensors)
    feeds = {"x": x.astype("f4"), SEED: seed.astype("f4")}
    runtime = open_session(single, threads=1).run(names, feeds)
    for index, (name, exact, fast) in enumerate(zip(tensors, found, runtime, strict=True)):
        ways = directions(values[name], index)
        expected = slopes(model, {**values, SEED: seed}, name, ways)
        along = [float((exact * way).sum()) for way in ways]
        np.testing.assert_allclose(along, expected, rtol=1e-6, atol=1e-7, err_msg=name)
        scale = float(np.abs(exact).max())
        np.testing.assert_allclose(fast, exact, rtol=0, atol=2e-5 * scale, err_msg=name)


@pytest.mark.parametrize("path", sorted(LIGHT.glob("*.onnx")), ids=lambda path: path.stem)
def test_the_networks_that_onnx_ships_have_a_rule_for_every_operator(path: Path) -> None:
    model = version_converter.convert_version(onnx.load(path), 18)
    model.ir_version = 10  # these files are older than constants that are no inputs
    inputs = {tensor.name for tensor in model.graph.initializer}
    (image,) = [each.name for each in model.graph.input if each.name not in inputs]
    target = model.graph.output[0].name
    graph = differentiate(model, target=target, wrt=[image])
    onnx.checker.check_model(graph)
