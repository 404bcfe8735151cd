"""Toys that look at places and colours: what a map has to show is known by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tests.engine.attribution.toys import HEIGHT, WIDTH, Activation, Toy, layer, save_toy


def place_toy(folder: Path, places: NDArray[np.float32], activation: Activation = "softmax") -> Toy:
    """Class c's logit is the mean colour of the picture times `places` (height, width, classes)."""
    classes = places.shape[-1]
    kernel = np.repeat(places[:, :, None] / 3, 3, axis=2).reshape(-1, classes)
    weights = {
        "kernel": kernel.astype(np.float32),
        "flat_shape": np.array([-1, HEIGHT * WIDTH * 3], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["levels", "flat_shape"], ["flatten"]),
        helper.make_node("MatMul", ["flatten", "kernel"], ["logits"]),
    ]
    layers = [layer("flatten", "Flatten", (HEIGHT * WIDTH * 3,))]
    return save_toy(folder, nodes, weights, layers, classes=classes, activation=activation)


def one_place(y: int, x: int, classes: int = 2) -> NDArray[np.float32]:
    """Class 0 looks at one pixel, the others at nothing."""
    places = np.zeros((HEIGHT, WIDTH, classes), np.float32)
    places[y, x, 0] = 1
    return places


HEAD = np.array([[6, 0], [0, 6], [1, 1]], np.float32)


def colour_toy(folder: Path) -> Toy:
    """Layer `colours` is (red, green, 0.5 everywhere); the head pools it: class 0 likes red.

    Layers: colours (12, 20, 3), pool (3,), predictions (2,).
    """
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[0, 0] = kernel[1, 1] = 1 / 255
    weights: dict[str, NDArray[Any]] = {
        "kernel": kernel,
        "bias": np.array([0, 0, 0.5], np.float32),
        "axes": np.array([1, 2], np.int64),
        "head": HEAD,
    }
    nodes: list[onnx.NodeProto] = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["levels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel", "bias"], ["inner"]),
        helper.make_node("Transpose", ["inner"], ["colours"], perm=[0, 2, 3, 1]),
        helper.make_node("ReduceMean", ["colours", "axes"], ["pool"], keepdims=0),
        helper.make_node("MatMul", ["pool", "head"], ["logits"]),
    ]
    layers = [
        layer("colours", "Conv2D", (HEIGHT, WIDTH, 3)),
        layer("pool", "GlobalAveragePooling2D", (3,)),
    ]
    return save_toy(folder, nodes, weights, layers, classes=2)
