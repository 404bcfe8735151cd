"""Which parts of a network change their precision, and which keep it."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bundle.repository import PREDICT
from engine.sessions import open_session
from export.errors import SettingsError
from export.precision.body import ends, prepare
from export.precision.correction import correct_biases
from export.precision.fp16 import halve
from export.precision.int8 import quantize
from tests.export.precision.conftest import colour_network


@pytest.fixture
def pictures() -> np.ndarray:
    """uint8 (24, 48, 64, 3)."""
    return np.random.default_rng(2).integers(0, 256, (24, 48, 64, 3), dtype=np.uint8)


def prepared(folder: Path, network: onnx.ModelProto) -> onnx.ModelProto:
    (folder / PREDICT).write_bytes(network.SerializeToString())
    return prepare(folder / PREDICT)


def answers(model: onnx.ModelProto, pixels: np.ndarray) -> np.ndarray:
    return open_session(model).run(["predictions"], {"image": pixels})[0]


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_preprocessing_and_softmax_are_the_ends(tmp_path: Path) -> None:
    model = prepared(tmp_path, colour_network())
    names = set(ends(model))
    kept = [node.op_type for node in model.graph.node if node.name in names]
    assert sorted(kept) == ["Cast", "Mul", "Softmax", "Transpose"]


def test_the_first_operations_of_int8_are_fp32_s(tmp_path: Path, pictures: np.ndarray) -> None:
    model = quantize(prepared(tmp_path, colour_network()), lambda: pictures, "minmax")
    made = {name: node.op_type for node in model.graph.node for name in node.output}
    (scaling,) = [node for node in model.graph.node if node.op_type == "Mul"]
    assert made[scaling.input[0]] == "Cast"
    assert kinds(model)[-1] == "Softmax"
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert all(made[node.input[0]] == "DequantizeLinear" for node in convolutions)
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    assert weights["first_quantized"].dtype == np.int8
    assert np.abs(weights["first_quantized"].astype(int)).max() == 64  # 8 bits overflow on AVX2
    assert np.abs(weights["second_quantized"].astype(int)).max() == 127


def test_int8_answers_nearly_as_fp32(tmp_path: Path, pictures: np.ndarray) -> None:
    model = prepared(tmp_path, colour_network())
    moved = np.abs(answers(quantize(model, lambda: pictures, "percentile"), pictures)
                   - answers(model, pictures))  # fmt: skip
    assert 0 < moved.max() < 0.02


def test_levels_never_pass_through_float16(tmp_path: Path, pictures: np.ndarray) -> None:
    model = halve(prepared(tmp_path, colour_network()), pictures[:2])
    made = {name: node for node in model.graph.node for name in node.output}
    (node,) = [node for node in model.graph.node if node.op_type == "Mul"]
    while node.input[0] != "image":
        node = made[node.input[0]]
        assert node.op_type in {"Cast", "Identity"}
        assert all(attribute.i == TensorProto.FLOAT for attribute in node.attribute)
    assert kinds(model).count("Cast") == 3  # levels to float32, down to float16, up to the softmax
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert types["first"] == TensorProto.FLOAT16
    assert types["scale"] == TensorProto.FLOAT


def test_float32_pictures_stay_float32_up_to_the_network(
    tmp_path: Path, pictures: np.ndarray
) -> None:
    network = colour_network()
    network.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT
    model = prepared(tmp_path, network)
    between = pictures.astype(np.float32) + np.float32(0.06)  # float16 has steps of 1/8 here
    half = halve(model, between[:2])
    scaled = next(node for node in half.graph.node if node.op_type == "Mul")
    probe = onnx.ModelProto()
    probe.CopyFrom(half)
    probe.graph.output.append(
        helper.make_tensor_value_info(scaled.output[0], TensorProto.FLOAT, None)
    )
    found = open_session(probe).run([scaled.output[0]], {"image": between[:2]})[0]
    assert np.array_equal(found.ravel(), (between[:2] * np.float32(1 / 255)).ravel())


def test_values_beyond_float16_stay_in_float32(tmp_path: Path, pictures: np.ndarray) -> None:
    model = prepared(tmp_path, colour_network(factor=200_000.0))
    half = halve(model, pictures[:2])
    found, expected = answers(half, pictures), answers(model, pictures)
    assert np.isfinite(found).all()
    assert np.abs(found - expected).max() < 0.002
    assert "Gemm" in kinds(half)


def test_a_network_without_weights_has_no_precision_to_change(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Softmax", ["levels"], ["predictions"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 3])
    answer = helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph(nodes, "nothing", [image], [answer])
    opset = [helper.make_opsetid("", 18)]
    with pytest.raises(SettingsError, match="neither a convolution nor a dense layer"):
        prepared(tmp_path, helper.make_model(graph, opset_imports=opset, ir_version=10))


def test_biases_take_back_what_rounded_weights_add(tmp_path: Path, pictures: np.ndarray) -> None:
    model = prepared(tmp_path, colour_network())
    rounded = {}
    for bits in (8, 3):  # a coarse grid, so that the move is large
        quantized = quantize(model, lambda: pictures, "minmax")
        for tensor in quantized.graph.initializer:
            if tensor.name == "first_quantized":
                levels = numpy_helper.to_array(tensor)
                coarse = levels >> (8 - bits) << (8 - bits)
                tensor.CopyFrom(numpy_helper.from_array(coarse, tensor.name))
        rounded[bits] = quantized
    corrected = correct_biases(model, rounded[3], pictures)
    (before, after) = (
        next(node for node in graph.graph.node if node.op_type == "Conv")
        for graph in (rounded[3], corrected)
    )
    assert len(after.input) == 3
    expected = mean_of(model, "a", pictures)
    moved = mean_of(rounded[3], before.output[0], pictures)
    bias = next(t for t in corrected.graph.initializer if t.name == after.input[2])
    taken_back = moved + numpy_helper.to_array(bias)
    assert np.abs(taken_back - expected).max() < np.abs(moved - expected).max() / 5


def mean_of(model: onnx.ModelProto, tensor: str, pictures: np.ndarray) -> np.ndarray:
    """A tensor's mean by channel."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.append(helper.make_empty_tensor_value_info(tensor))
    values = open_session(probe).run([tensor], {"image": pictures})[0]
    return values.mean(axis=(0, 2, 3))


def test_the_first_layers_can_stay_in_float32(tmp_path: Path, pictures: np.ndarray) -> None:
    model = quantize(prepared(tmp_path, colour_network()), lambda: pictures, "minmax", 1)
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert types["first"] == TensorProto.FLOAT
    assert types["second_quantized"] == TensorProto.INT8
