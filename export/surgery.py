"""Small operations on a freshly converted ONNX graph."""

from collections.abc import Mapping, Set

import numpy as np
import onnx
from onnx import numpy_helper

from export.untyped import Traced

BATCH = "batch"


def bind_captures(model: onnx.ModelProto, concrete: Traced) -> None:
    """Turn constants that the traced function captured from outside into initializers.

    A Normalization layer's mean is an eager tensor: tf2onnx takes it for an input of the graph.

    Args:
        model: changed in place.
        concrete: the traced function.
    """
    values = {
        placeholder.name: tensor
        for tensor, placeholder in concrete.graph.captures
        if placeholder.dtype.name != "resource"
    }
    graph = model.graph
    for spurious in [value for value in graph.input if value.name in values]:
        tensor = numpy_helper.from_array(np.asarray(values[spurious.name]), spurious.name)
        graph.initializer.append(tensor)
        graph.input.remove(spurious)


def rename_values(model: onnx.ModelProto, names: Mapping[str, str], reserved: Set[str]) -> None:
    """Give outputs their final names; inner values that are called so already make room.

    Args:
        model: changed in place.
        names: old → new.
        reserved: names that stay where they are.
    """
    graph = model.graph
    outputs = {output.name for output in graph.output} | {value.name for value in graph.input}
    wanted = set(names.values())
    existing = {name for node in graph.node for name in node.output}
    existing |= {tensor.name for tensor in graph.initializer}
    inner = (existing & wanted) - outputs - reserved
    mapping = {**{name: f"{name}@inner" for name in inner}, **names}
    for node in graph.node:
        _rename_node(node, mapping)
    for group in (graph.initializer, graph.value_info, graph.input, graph.output):
        for value in group:
            value.name = mapping.get(value.name, value.name)


def _rename_node(node: onnx.NodeProto, mapping: Mapping[str, str]) -> None:
    """Rename what a node reads and gives, and what its sub-graphs capture."""
    node.input[:] = [mapping.get(name, name) for name in node.input]
    node.output[:] = [mapping.get(name, name) for name in node.output]
    for attribute in node.attribute:
        for inner in attribute.g.node:
            _rename_node(inner, mapping)


def name_batch_axis(model: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Call the first axis of input and outputs `batch`, and write the other axes' lengths.

    Args:
        model: changed in place.
        shapes: of one image, by output; an output that is not named keeps its other axes.
    """
    graph = model.graph
    for value in (*graph.input, *graph.output):
        axes = value.type.tensor_type.shape.dim
        for axis, length in zip(axes[1:], shapes.get(value.name, ()), strict=False):
            axis.dim_value = length
        if axes:
            axes[0].dim_param = BATCH
    del graph.value_info[:]  # inferred with an axis called unk__NN, different at each conversion


def take_float32(model: onnx.ModelProto) -> None:
    """Declare a float32 input; the graph begins with a cast, which then does nothing."""
    for value in model.graph.input:
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
