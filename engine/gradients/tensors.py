"""What is known of a graph's tensors without running it: element type, shape, constant value."""

from collections.abc import Set
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnx.external_data_helper import uses_external_data

from engine.errors import GraphError

Dim = int | str | None  # a length, the name of a dynamic axis, or nothing known

FLOATS = frozenset(
    {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}
)


class Tensors:
    """The tensors of one graph, by name.

    Args:
        model: the graph; what its outputs declare counts only where inference knows nothing.

    Raises:
        GraphError: the graph contradicts itself.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self._types: dict[str, int] = {}
        self._dims: dict[str, tuple[Dim, ...]] = {}
        self._constants: dict[str, TensorProto] = {}
        for value in (*graph.output, *graph.value_info, *_inferred(model)):
            self._learn(value)
        for tensor in graph.initializer:
            self._types[tensor.name] = tensor.data_type
            self._dims[tensor.name] = tuple(tensor.dims)
            self._constants[tensor.name] = tensor
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self._constants[node.output[0]] = node.attribute[0].t

    @property
    def constants(self) -> Set[str]:
        """The names of weights and other constants."""
        return self._constants.keys()

    def type(self, name: str) -> int | None:
        """The element type as ONNX numbers it; None where it is not known."""
        return self._types.get(name)

    def carries_gradient(self, name: str) -> bool:
        """Whether the tensor holds real numbers; one of unknown type is taken to."""
        kind = self._types.get(name)
        return bool(name) and (kind is None or kind in FLOATS)

    def dims(self, name: str) -> tuple[Dim, ...]:
        """The axes.

        Raises:
            GraphError: not even their number is known.
        """
        if name not in self._dims:
            raise GraphError(f"the number of axes of {name!r} is not known; export the model again")
        return self._dims[name]

    def shape(self, name: str) -> tuple[int | None, ...]:
        """The axes' lengths, None where dynamic.

        Raises:
            GraphError: not even the number of axes is known.
        """
        return tuple(dim if isinstance(dim, int) else None for dim in self.dims(name))

    def declared(self, name: str, like: str) -> onnx.ValueInfoProto:
        """A declaration of `name` with the type and axes of `like`."""
        kind = self._types.get(like, TensorProto.FLOAT)
        return helper.make_tensor_value_info(name, kind, list(self.dims(like)))

    def value(self, name: str) -> NDArray[Any] | None:
        """A constant's value where it lies in the graph itself; weights lie outside."""
        tensor = self._constants.get(name)
        if tensor is None or uses_external_data(tensor):
            return None
        return np.asarray(numpy_helper.to_array(tensor))

    def _learn(self, value: onnx.ValueInfoProto) -> None:
        """Keep what a declaration says; a later one counts more."""
        kind = value.type.tensor_type
        if kind.elem_type:
            self._types[value.name] = kind.elem_type
        if kind.HasField("shape"):
            self._dims[value.name] = tuple(_dim(axis) for axis in kind.shape.dim)


def _dim(axis: onnx.TensorShapeProto.Dimension) -> Dim:
    """One axis: a length, a name, or nothing."""
    if axis.HasField("dim_value"):
        return int(axis.dim_value)
    return axis.dim_param or None


def _inferred(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """The inputs, and what ONNX infers from them for every inner tensor."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.output[:]
    del bare.graph.value_info[:]
    try:
        graph = shape_inference.infer_shapes(bare, data_prop=True).graph
    except cast("type[Exception]", shape_inference.InferenceError) as error:
        raise GraphError(f"the graph contradicts itself: {error}") from error
    return [*graph.input, *graph.value_info]
