"""The pooled head: global average pooling, then one dense layer, found in the graph."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from bundle.manifest import Layer, Manifest
from engine.attribution.layers import SPATIAL_RANK, computes_features
from engine.errors import MethodError
from engine.heads import find_logits

# Behind a global pooling a picture is a list of numbers: none of these changes it or its order.
_KEEPS_NUMBERS = {"Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Dropout"}
_DENSE = {"MatMul", "Gemm", "Conv"}
_SPATIAL_AXES = 2


@dataclass(frozen=True, slots=True)
class PooledHead:
    """Logits = (mean over space of an activation) · weights, and a bias.

    Args:
        layers: paths of the spatial layers whose values are pooled, the likeliest asked for first:
            a sub-model repeats its last layer.
        tensor: the graph's name of the weights.
        classes_first: whether they are (classes, channels, ...) and not (channels, classes).
        scale: what they are multiplied with.
    """

    layers: tuple[str, ...]
    tensor: str
    classes_first: bool
    scale: float

    def weights(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The tensor's values, of all classes or some, as (channels, classes)."""
        matrix = values.reshape(values.shape[:2])
        return np.float32(self.scale) * (matrix.T if self.classes_first else matrix)


def find_pooled_head(model: onnx.ModelProto, manifest: Manifest) -> PooledHead:
    """Read the head from the graph's logits backwards; no weight is loaded.

    Raises:
        MethodError: the network does not end in global average pooling and one dense layer.
    """
    trail = _Trail(model)
    logits = find_logits(model, manifest.output)
    if logits is None:
        raise _other_head(f"its {manifest.output.activation} has no logits before it")
    dense = trail.dense(logits)
    shape = trail.constants[dense.input[1]].dims
    classes_first = dense.op_type == "Conv" or bool(_attribute(dense, "transB", 0))
    channels = shape[1] if classes_first else shape[0]
    pool = trail.expect(
        trail.skip(dense.input[0], _KEEPS_NUMBERS), {"GlobalAveragePool", "ReduceMean"}
    )
    axes = trail.pooled_axes(pool)
    same = [
        layer
        for layer in manifest.layers
        if len(layer.shape) == SPATIAL_RANK
        and layer.channels == channels
        and trail.same_values(layer.tensor, pool.input[0], axes)
    ]
    if not same:
        raise _other_head("what it pools is no layer of its layer table")
    paths = tuple(layer.path for layer in sorted(same, key=_unlikely))
    return PooledHead(paths, dense.input[1], classes_first, _attribute(dense, "alpha", 1.0))


def _unlikely(layer: Layer) -> bool:
    """Sorts layers that only repeat another's values behind it."""
    return not computes_features(layer)


def _other_head(reason: str) -> MethodError:
    return MethodError(
        "cam needs a network that ends in global average pooling and one dense layer; "
        f"{reason}; grad-cam needs no such head"
    )


class _Trail:
    """From a tensor back to the nodes that made it."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._producers = {name: node for node in model.graph.node for name in node.output}
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}

    def skip(self, tensor: str, operators: Iterable[str]) -> str:
        """Back over nodes of these kinds."""
        while (node := self._producers.get(tensor)) and node.op_type in operators:
            tensor = node.input[0]
        return tensor

    def expect(self, tensor: str, operators: set[str]) -> onnx.NodeProto:
        """The node that made a tensor, which has to be one of these."""
        node = self._producers.get(tensor)
        if node is None or node.op_type not in operators:
            received = node.op_type if node else "the graph's input"
            expected = " or ".join(sorted(operators))
            raise _other_head(f"here {received} stands in the place of {expected}")
        return node

    def dense(self, logits: str) -> onnx.NodeProto:
        """The dense layer: a MatMul or Gemm, or a 1x1 Conv on the 1x1 pooled picture."""
        node = self.expect(self.skip(logits, _KEEPS_NUMBERS), {*_DENSE, "Add"})
        if node.op_type == "Add":
            computed = [name for name in node.input if name not in self.constants]
            if len(computed) != 1:
                raise _other_head("its logits are a sum of two computed tensors")
            node = self.expect(self.skip(computed[0], _KEEPS_NUMBERS), _DENSE)
        if node.input[1] not in self.constants:
            raise _other_head(f"its last {node.op_type} has no constant weights")
        if node.op_type == "Conv" and (
            tuple(self.constants[node.input[1]].dims[2:]) != (1, 1)
            or _attribute(node, "group", 1) != 1
        ):
            raise _other_head("its last convolution is no dense layer")
        return node

    def pooled_axes(self, pool: onnx.NodeProto) -> tuple[int, ...]:
        """Over which axes the pooling takes the mean."""
        if pool.op_type == "GlobalAveragePool":
            return (2, 3)
        axes: Iterable[int] = _attribute(pool, "axes", ())
        if len(pool.input) > 1 and pool.input[1] in self.constants:
            axes = numpy_helper.to_array(self.constants[pool.input[1]]).tolist()
        axes = tuple(axis % (SPATIAL_RANK + 1) for axis in axes)
        if len(axes) != _SPATIAL_AXES:
            raise _other_head("its mean is not over height and width")
        return axes

    def same_values(self, layer: str, pooled: str, axes: tuple[int, ...]) -> bool:
        """Whether a layer (batch, height, width, channels) is what is pooled over these axes."""
        layer_source, layer_order = self._source(layer)
        pooled_source, pooled_order = self._source(pooled)
        height_and_width = set(layer_order[1:3])
        return layer_source == pooled_source and {pooled_order[i] for i in axes} == height_and_width

    def _source(self, tensor: str) -> tuple[str, list[int]]:
        """What this tensor only repeats or transposes, and where each of its axes lies there."""
        order = [0, 1, 2, 3]
        while (node := self._producers.get(tensor)) and node.op_type in ("Identity", "Transpose"):
            if node.op_type == "Transpose":
                permutation = _attribute(node, "perm", (3, 2, 1, 0))
                if len(permutation) != len(order):
                    break
                order = [permutation[axis] for axis in order]
            tensor = node.input[0]
        return tensor, order


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:  # noqa: ANN401  ONNX has many types
    """An attribute's value, or what it is where the node does not set it."""
    values = (onnx.helper.get_attribute_value(each) for each in node.attribute if each.name == name)
    return next(values, default)
