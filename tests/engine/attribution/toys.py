"""Networks small enough to know their answers by hand, each saved as a bundle's inspection graph.

They read as the exporter writes: levels in, inner tensors channels first, each layer's output a
channels-last leaf beside them, weights in an external file, opset 18, a dynamic batch axis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bundle.manifest import EndToEnd, ImageInput, Layer, Manifest, Output, Preprocessing, Source
from bundle.repository import INSPECT, WEIGHTS
from engine.inspector import Inspector

HEIGHT, WIDTH = 12, 20
CLASSES = 4

Activation = Literal["softmax", "sigmoid", "none"]
Dtype = Literal["uint8", "float32"]
LAST: dict[Activation, str] = {"softmax": "Softmax", "sigmoid": "Sigmoid", "none": "Identity"}
Weights = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Toy:
    """An inspection graph on disk, its manifest, and the weights in it by name."""

    graph: Path
    manifest: Manifest
    weights: Mapping[str, NDArray[Any]]

    @cached_property
    def inspector(self) -> Inspector:
        """The toy, opened; its tests share the sessions."""
        return Inspector(self.graph, self.manifest)


def layer(path: str, keras_class: str, shape: tuple[int, ...], **more: Any) -> Layer:
    """A row of the layer table; its tensor has its path's name unless said otherwise."""
    return Layer(
        path=path,
        keras_class=keras_class,
        shape=shape,
        channels=shape[-1],
        **{"tensor": path, "parameters": 0, "differentiable": True, **more},
    )


def save_toy(
    folder: Path,
    nodes: Sequence[onnx.NodeProto],
    weights: Weights,
    layers: Sequence[Layer],
    *,
    size: tuple[int, int, int] = (HEIGHT, WIDTH, 3),
    classes: int = CLASSES,
    dtype: Dtype = "uint8",
    activation: Activation = "softmax",
) -> Toy:
    """Write a graph from `image` to `logits`; the end that every network has is added.

    That is the last activation, and the layer `predictions`, a leaf beside the prediction.
    """
    layers = [*layers, layer("predictions", "Dense", (classes,), tensor="predictions@layer")]
    end = [
        helper.make_node(LAST[activation], ["logits"], ["predictions"]),
        helper.make_node("Identity", ["predictions"], ["predictions@layer"]),
    ]
    element = TensorProto.UINT8 if dtype == "uint8" else TensorProto.FLOAT
    outputs = [("predictions", (classes,)), *((row.tensor, row.shape) for row in layers)]
    graph = helper.make_graph(
        [*nodes, *end],
        "toy",
        [helper.make_tensor_value_info("image", element, ["batch", *size])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
            for name, shape in outputs
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / INSPECT
    onnx.save_model(
        model, str(path), save_as_external_data=True, location=WEIGHTS, size_threshold=256
    )
    (folder / WEIGHTS).touch()  # a graph without a large weight has none
    return Toy(path, _manifest(layers, size, classes, dtype, activation), weights)


def _manifest(
    layers: Sequence[Layer],
    size: tuple[int, int, int],
    classes: int,
    dtype: Dtype,
    activation: Activation,
) -> Manifest:
    height, width, channels = size
    return Manifest(
        name="toy",
        version=1,
        created=datetime(2026, 1, 2, tzinfo=UTC),
        source=Source(
            file="toy.keras",
            sha256="0" * 64,
            keras_version="0",
            tensorflow_version="0",
            tf2onnx_version="0",
            architecture="toy",
        ),
        labels=tuple(f"class {index}" for index in range(classes)),
        input=ImageInput.model_validate(
            {"height": height, "width": width, "channels": channels, "dtype": dtype}
        ),
        preprocessing=Preprocessing(recipe="tensorflow", method="stretch", in_graph="nothing"),
        output=Output(activation=activation),
        layers=tuple(layers),
        precisions=(),
        end_to_end=EndToEnd(images=1, top1_agreement=1, max_abs_difference=0),
        files={},
    )


def weights_of(shapes: Mapping[str, tuple[int, ...]], seed: int) -> Weights:
    """Seeded float32 normal values, scaled by each tensor's fan-in."""
    rng = np.random.default_rng(seed)

    def draw(shape: tuple[int, ...]) -> NDArray[Any]:
        fan_in = np.prod(shape[1:]) if len(shape) == 4 else shape[0]  # Conv, or Dense
        return (rng.normal(size=shape) / np.sqrt(fan_in)).astype(np.float32)

    return {name: draw(shape) for name, shape in shapes.items()}


def linear_toy(folder: Path, **more: Any) -> Toy:
    """Logits = levels · `kernel` (720, 4): no bias, nothing bends, ∂S_c/∂x = kernel[:, c]."""
    flat = HEIGHT * WIDTH * 3
    weights = {
        **weights_of({"kernel": (flat, CLASSES)}, seed=1),
        "flat_shape": np.array([-1, flat], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["levels", "flat_shape"], ["flatten"]),
        helper.make_node("MatMul", ["flatten", "kernel"], ["logits"]),
    ]
    return save_toy(folder, nodes, weights, [layer("flatten", "Flatten", (flat,))], **more)


def sign_toy(folder: Path) -> Toy:
    """One ReLU on levels minus 100 of a 1x4 grey picture; class 0 weighs its pixels 2, -3, 2, -3.

    With the pixels (150, 150, 50, 50) activation and gradient take all four pairs of signs.
    """
    weights: Weights = {
        "threshold": np.array(100, np.float32),
        "flat_shape": np.array([-1, 4], np.int64),
        "head": np.array([[2, 1], [-3, 1], [2, 1], [-3, 1]], np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["levels", "threshold"], ["shifted"]),
        helper.make_node("Relu", ["shifted"], ["relu"]),
        helper.make_node("Reshape", ["relu", "flat_shape"], ["flatten"]),
        helper.make_node("MatMul", ["flatten", "head"], ["logits"]),
    ]
    layers = [
        layer("shifted", "Rescaling", (1, 4, 1)),
        layer("relu", "ReLU", (1, 4, 1)),
        layer("flatten", "Flatten", (4,)),
    ]
    return save_toy(folder, nodes, weights, layers, size=(1, 4, 1), classes=2, activation="none")


def _convolution(source: str, name: str, stride: int) -> list[onnx.NodeProto]:
    """3x3 Conv with bias, ReLU; `<name>` and `<name>_relu` are channels-last leaves."""
    pads = [0, 0, 1, 1] if stride > 1 else [1, 1, 1, 1]  # Keras' "same" of an even size
    return [
        helper.make_node(
            "Conv",
            [source, f"{name}_kernel", f"{name}_bias"],
            [f"{name}/inner"],
            pads=pads,
            strides=[stride, stride],
        ),
        helper.make_node("Transpose", [f"{name}/inner"], [name], perm=[0, 2, 3, 1]),
        helper.make_node("Relu", [f"{name}/inner"], [f"{name}_relu/inner"]),
        helper.make_node("Transpose", [f"{name}_relu/inner"], [f"{name}_relu"], perm=[0, 2, 3, 1]),
    ]


def _stem() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["levels", "scale"], ["rescaling"]),
        helper.make_node("Transpose", ["rescaling"], ["planes"], perm=[0, 3, 1, 2]),
    ]


def _stem_layers(channels: int) -> list[Layer]:
    return [
        layer("rescaling", "Rescaling", (HEIGHT, WIDTH, 3)),
        layer("conv", "Conv2D", (HEIGHT // 2, WIDTH // 2, channels), parameters=28 * channels),
        layer("conv_relu", "ReLU", (HEIGHT // 2, WIDTH // 2, channels)),
    ]


def pooled_toy(folder: Path, *, blocks: int = 1, **more: Any) -> Toy:
    """Conv-ReLU (`conv`, stride 2, 5 channels), `blocks` - 1 more, global mean `pool`, dense head.

    Layers: rescaling, conv, conv_relu (6, 10, 5), conv2, conv2_relu …, pool (5,), predictions (4,).
    The head is `pool` · `head_kernel` (5, 4) + `head_bias`.
    """
    names = ["conv", *(f"conv{index}" for index in range(2, blocks + 1))]
    shapes: dict[str, tuple[int, ...]] = {}
    for index, name in enumerate(names):
        shapes |= {f"{name}_kernel": (5, 5 if index else 3, 3, 3), f"{name}_bias": (5,)}
    shapes |= {"head_kernel": (5, CLASSES), "head_bias": (CLASSES,)}
    weights = {**weights_of(shapes, seed=2), "scale": np.array(1 / 255, np.float32)}
    weights["axes"] = np.array([2, 3], np.int64)
    nodes, source = _stem(), "planes"
    layers = _stem_layers(5)
    for index, name in enumerate(names):
        nodes += _convolution(source, name, stride=1 if index else 2)
        source = f"{name}_relu/inner"
        if index:
            size = layers[-1].shape
            layers += [layer(name, "Conv2D", size), layer(f"{name}_relu", "ReLU", size)]
    nodes += [
        helper.make_node("ReduceMean", [source, "axes"], ["pool"], keepdims=0),
        helper.make_node("MatMul", ["pool", "head_kernel"], ["dense"]),
        helper.make_node("Add", ["dense", "head_bias"], ["logits"]),
    ]
    layers.append(layer("pool", "GlobalAveragePooling2D", (5,)))
    return save_toy(folder, nodes, weights, layers, **more)


def flat_toy(folder: Path, **more: Any) -> Toy:
    """Conv-ReLU (6, 10, 3), flattened, dense head without bias: no pooled head for a CAM.

    Layers: rescaling, conv, conv_relu, flatten (180,), predictions (4,).
    """
    flat = HEIGHT // 2 * WIDTH // 2 * 3
    shapes = {"conv_kernel": (3, 3, 3, 3), "conv_bias": (3,), "head_kernel": (flat, CLASSES)}
    weights = {**weights_of(shapes, seed=3), "scale": np.array(1 / 255, np.float32)}
    weights["flat_shape"] = np.array([-1, flat], np.int64)
    nodes = [
        *_stem(),
        *_convolution("planes", "conv", stride=2),
        helper.make_node("Reshape", ["conv_relu", "flat_shape"], ["flatten"]),
        helper.make_node("MatMul", ["flatten", "head_kernel"], ["logits"]),
    ]
    layers = [*_stem_layers(3), layer("flatten", "Flatten", (flat,))]
    return save_toy(folder, nodes, weights, layers, **more)
