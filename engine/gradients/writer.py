"""The backward graph while it is written: fresh names, nodes, and constants kept once."""

from collections.abc import Iterable, Mapping
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


class Writer:
    """Nodes and constants under names that the forward graph does not have.

    Args:
        taken: every name of the forward graph.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._taken = set(taken)
        self._count = 0
        self._producers: dict[str, onnx.NodeProto] = {}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def add(
        self, op_type: str, inputs: Iterable[str], count: int, attributes: Mapping[str, Any]
    ) -> list[str]:
        """One node; returns the names of its `count` outputs."""
        outputs = [self.fresh(op_type) for _ in range(count)]
        node = helper.make_node(op_type, list(inputs), outputs, name=outputs[0], **attributes)
        self.nodes.append(node)
        self._producers.update(dict.fromkeys(outputs, node))
        return outputs

    def producer(self, name: str) -> onnx.NodeProto | None:
        """The backward node that gives a tensor; None for a forward tensor."""
        return self._producers.get(name)

    def constant(self, value: NDArray[Any]) -> str:
        """A constant's name; equal ones are one."""
        key = (str(value.dtype), value.shape, value.tobytes())
        if key not in self._known:
            name = self.fresh("constant")
            self._known[key] = name
            self.constants.append(numpy_helper.from_array(value, name))
        return self._known[key]

    def fresh(self, word: str) -> str:
        """A name that nothing has."""
        while True:
            self._count += 1
            name = f"backward/{word}_{self._count}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def prune(self, outputs: Iterable[str]) -> None:
        """Drop nodes and constants that these outputs do not need."""
        needed = set(outputs)
        kept: list[onnx.NodeProto] = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(node.input)
        self.nodes = kept[::-1]
        self.constants = [tensor for tensor in self.constants if tensor.name in needed]
