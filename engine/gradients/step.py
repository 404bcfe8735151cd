"""One node of the forward graph on its way back: what its gradient rule sees and writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike, NDArray
from onnx import helper

from engine.errors import UnsupportedOperatorError
from engine.gradients.tensors import Dim, Tensors
from engine.gradients.writer import Writer

ReluRule = Literal["gradient", "deconvnet", "guided"]
Attribute = int | float | str | Sequence[int] | Sequence[float]


@dataclass(frozen=True, slots=True)
class Way:
    """What all steps of one way back share.

    Args:
        rule: how rectifiers pass a gradient.
        tensors: what is known of the forward graph.
        writer: takes the backward graph.
    """

    rule: ReluRule
    tensors: Tensors
    writer: Writer


class Step:
    """One node on its way back.

    Args:
        node: the node, a copy that belongs to the differentiated graph.
        gradients: of the node's outputs, by position; None where nothing flows.
        needed: which of the node's inputs want a gradient, by position.
        way: what all steps share.
    """

    def __init__(
        self,
        node: onnx.NodeProto,
        gradients: list[str | None],
        needed: Sequence[bool],
        way: Way,
    ) -> None:
        self.node = node
        self.gradients = gradients
        self.rule: ReluRule = way.rule
        self._needed = needed
        self._tensors = way.tensors
        self._writer = way.writer

    @property
    def gradient(self) -> str:
        """The gradient of the only output, or of the first one that has any."""
        return next(name for name in self.gradients if name is not None)

    def needs(self, index: int) -> bool:
        """Whether input `index` wants a gradient: constants do not, nor what is off the path."""
        return self._needed[index]

    def attribute(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  ONNX has many types
        """An attribute as a Python value: int, float, str, list or NumPy array."""
        for attribute in self.node.attribute:
            if attribute.name == name:
                value = helper.get_attribute_value(attribute)
                return value.decode() if isinstance(value, bytes) else value
        return default

    def add(self, op_type: str, *inputs: str, **attributes: Attribute) -> str:
        """Write one backward node with one output; returns its name. "" is a missing input."""
        return self._writer.add(op_type, inputs, 1, attributes)[0]

    def add_many(
        self, op_type: str, *inputs: str, count: int, **attributes: Attribute
    ) -> list[str]:
        """Write one backward node with `count` outputs; returns their names."""
        return self._writer.add(op_type, inputs, count, attributes)

    def constant(self, value: ArrayLike, dtype: DTypeLike | None = None) -> str:
        """A constant; without `dtype`, floats become the type of the node's output, ints int64."""
        array = np.asarray(value)
        if dtype is None:
            dtype = self.dtype if array.dtype.kind == "f" else np.int64
        return self._writer.constant(array.astype(dtype))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type of the node's first output."""
        return helper.tensor_dtype_to_np_dtype(self.type(self.node.output[0]))

    def type(self, name: str) -> int:
        """The element type of a forward tensor, as ONNX numbers it; float32 where not known."""
        return self._tensors.type(name) or onnx.TensorProto.FLOAT

    def shape(self, name: str) -> tuple[int | None, ...]:
        """A forward tensor's static shape, None where dynamic.

        Raises:
            GraphError: not even the number of axes is known.
        """
        return self._tensors.shape(name)

    def value(self, name: str) -> NDArray[Any] | None:
        """The value of a constant that lies in the graph itself, else None."""
        return self._tensors.value(name)

    def forward_output(self, index: int) -> str:
        """The name of the forward node's output; one that was not asked for yet is added."""
        while len(self.node.output) <= index:
            self.node.output.append("")
        if not self.node.output[index]:
            self.node.output[index] = self._writer.fresh(self.node.op_type)
        return self.node.output[index]

    def folded(self, weight: str) -> tuple[str, str]:
        """The gradient and a weight, a factor per channel moved from the one into the other.

        A batch normalisation behind a convolution multiplies its gradient channel by channel; in
        the weight that is done once, when the session is built, not for every picture.

        Args:
            weight: (output channels, …), a constant of the forward graph.

        Returns:
            A gradient without the factor and a weight with it, or both as they are.
        """
        node = self._writer.producer(self.gradient)
        if node is None or node.op_type != "Mul" or node.input[1] not in self._tensors.constants:
            return self.gradient, weight
        factor, (channels, *rest) = node.input[1], self.shape(weight)
        if self.shape(factor) != (1, channels, *(1 for _ in rest[1:])):
            return self.gradient, weight
        column = self.add("Reshape", factor, self.constant([-1, *(1 for _ in rest)]))
        return node.input[0], self.add("Mul", weight, column)

    def unsupported(self, what: str) -> UnsupportedOperatorError:
        """The error to raise where a rule does not hold."""
        return UnsupportedOperatorError(f"no gradient rule for {describe(self.node)}, with {what}")

    def unbroadcast(self, gradient: str, like: str) -> str:
        """Sum a gradient over the axes along which `like` was broadcast.

        Args:
            gradient: shaped as the node's first output.
            like: the input.
        """
        full = self._tensors.dims(self.node.output[0])
        small = self._tensors.dims(like)
        if _unsure(full, small):
            return self._unbroadcast_at_run_time(gradient, like)
        missing = len(full) - len(small)
        stretched = [
            axis + missing
            for axis, dim in enumerate(small)
            if dim == 1 and full[axis + missing] != 1
        ]
        if stretched:
            axes = self.constant(stretched)
            gradient = self.add("ReduceSum", gradient, axes, keepdims=1)
        if missing:
            leading = self.constant(list(range(missing)))
            gradient = self.add("ReduceSum", gradient, leading, keepdims=0)
        return gradient

    def _unbroadcast_at_run_time(self, gradient: str, like: str) -> str:
        """The same where the shapes are only known when the graph runs."""
        missing = len(self._tensors.dims(self.node.output[0])) - len(self._tensors.dims(like))
        shape = self.add("Shape", like)
        if missing:
            leading = self.constant(list(range(missing)))
            gradient = self.add("ReduceSum", gradient, leading, keepdims=0)
        stretched = self.add("Not", self.add("Equal", shape, self.add("Shape", gradient)))
        axes = self.add("Squeeze", self.add("NonZero", stretched), self.constant([0]))
        return self.add("ReduceSum", gradient, axes, keepdims=1, noop_with_empty_axes=1)


def _unsure(full: tuple[Dim, ...], small: tuple[Dim, ...]) -> bool:
    """Whether an axis may or may not have been broadcast, as far as the graph tells."""
    pairs = zip(full[len(full) - len(small) :], small, strict=True)
    return any(not isinstance(dim, int) and (dim is None or dim != whole) for whole, dim in pairs)


def describe(node: onnx.NodeProto) -> str:
    """An operator and where it stands, for an error."""
    domain = f"{node.domain}." if node.domain else ""
    return f"the operator {domain}{node.op_type} that computes {node.output[0]!r}"


Rule = Callable[[Step], Sequence[str | None]]
