"""The same network with some of its weights made random: what a method is checked against."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from bundle.manifest import Manifest
from engine.graphs import prune

KERNELS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
"""Operators whose weights mix channels: the steps of the cascade."""

SCALES = {"Add", "BatchNormalization", "Div", "Mul", "PRelu", "Sub"}
"""Operators whose weights belong to the kernel before them: biases, scales, slopes."""

FLOATS = {TensorProto.DOUBLE, TensorProto.FLOAT, TensorProto.FLOAT16}


@dataclass(frozen=True, slots=True)
class WeightedOperator:
    """A kernel with its bias and the scales after it.

    Args:
        layer: path of the layer that it computes.
        tensors: names of its weights in the graph.
    """

    layer: str
    tensors: tuple[str, ...]


def weighted_operators(model: onnx.ModelProto, manifest: Manifest) -> list[WeightedOperator]:
    """The weighted operators that the prediction depends on, in order of computation.

    What comes before the first kernel is preprocessing, and single numbers are constants of the
    architecture (the 6 of a ReLU6): neither is a weight.

    Args:
        model: an inspection graph.
        manifest: of its bundle; names the layers.
    """
    weights = {t.name for t in model.graph.initializer if t.data_type in FLOATS and _size(t) > 1}
    needed = prune(model, [manifest.output.tensor]).graph.node
    on_path = {name for node in needed for name in node.output}
    tensors: list[list[str]] = []
    owner: dict[str, int] = {}  # of a tensor: the last kernel on the way to it
    for node in model.graph.node:
        before = max((owner[name] for name in node.input if name in owner), default=-1)
        own = [name for name in node.input if name in weights]
        if on_path.intersection(node.output) and own:
            if node.op_type in KERNELS:
                before = len(tensors)
                tensors.append(own)
            elif node.op_type in SCALES and before >= 0:
                tensors[before].extend(own)
        if before >= 0:
            owner.update(dict.fromkeys(node.output, before))
    paths: dict[int, str] = {}
    for layer in manifest.layers:
        paths.setdefault(owner.get(layer.tensor, -1), layer.path)
    return [
        WeightedOperator(paths.get(index, names[0]), tuple(dict.fromkeys(names)))
        for index, names in enumerate(tensors)
    ]


def randomize(
    model: onnx.ModelProto, folder: Path, tensors: Collection[str], seed: int
) -> onnx.ModelProto:
    """A copy of a graph in which each of these weights is a random permutation of itself.

    A permutation destroys what was learnt and keeps the distribution exactly: variances stay
    positive, activations neither die nor explode as they may with fresh normal values. A tensor's
    permutation depends on its name and the seed alone, so a longer list of tensors continues a
    shorter one.

    Args:
        model: the graph; its weights may lie in an external file.
        folder: of that file. Nothing is written to it: what is permuted lies inside the copy.
        tensors: names of the weights.
        seed: of the permutations.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.name in tensors:
            values = numpy_helper.to_array(tensor, base_dir=str(folder))
            rng = np.random.default_rng([seed, crc32(tensor.name.encode())])
            shuffled = rng.permutation(values.ravel()).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(shuffled, tensor.name))
    return copy


def _size(tensor: onnx.TensorProto) -> int:
    return int(np.prod(tensor.dims))
