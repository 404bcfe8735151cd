"""Which tensors have a gradient towards a tensor."""

from collections.abc import Iterable, Set

import onnx

from engine.errors import GraphError, UnsupportedOperatorError
from engine.gradients.paths import ancestors, copied_from, dependents, producers_of, reads
from engine.gradients.rules import STEPS
from engine.gradients.step import Way
from engine.gradients.stepping import check_opset, step_back
from engine.gradients.tensors import Tensors
from engine.gradients.writer import Writer

# What they give depends on the shape alone, or on nothing.
_SHAPES = frozenset({"Constant", "ConstantOfShape", "Shape", "Size"})


def differentiable(model: onnx.ModelProto, target: str, among: Iterable[str]) -> set[str]:
    """Those tensors for which `differentiate` gives a gradient of the target.

    The rules themselves are tried, once through the graph; what they write is thrown away. A tensor
    counts if a gradient arrives at it and none is lost on the way, in an operator without a rule.

    Args:
        model: opset 18 or later.
        target: a float tensor.
        among: the tensors asked about.

    Raises:
        GraphError: the graph is too old, or contradicts itself.
    """
    check_opset(model)
    tensors = Tensors(model)
    nodes = [_copy(node) for node in model.graph.node]
    producers = producers_of(nodes)
    path = ancestors([target], producers)
    arrived = _arrived(nodes, target, tensors, _active(nodes, path, tensors))
    return {
        name
        for name in among
        if tensors.carries_gradient(name)
        and copied_from(name, producers, tensors, target, path)[0] in arrived
    }


def _arrived(
    nodes: list[onnx.NodeProto], target: str, tensors: Tensors, active: Set[str]
) -> set[str]:
    """The tensors at which the whole gradient arrives."""
    way = Way("gradient", tensors, Writer(()))
    gradients: dict[str, str] = {target: target}
    lost: set[str] = set()
    for node in reversed(nodes):
        outputs = [gradients.get(name) for name in node.output]
        incomplete = not lost.isdisjoint(node.output)
        if node.op_type in STEPS or not (any(outputs) or incomplete):
            continue
        wanted = active & set(reads(node))
        try:
            found = dict(step_back(node, outputs, wanted, way)) if any(outputs) else {}
        except (UnsupportedOperatorError, GraphError):
            found, incomplete = {}, True
        gradients.update(found)
        if incomplete:
            lost |= wanted
    return set(gradients) - lost


def _active(nodes: list[onnx.NodeProto], path: Set[str], tensors: Tensors) -> set[str]:
    """The real numbers on the path that depend on the picture."""
    computed = [node for node in nodes if node.op_type not in _SHAPES]
    given = path - {name for node in nodes for name in node.output} - tensors.constants
    reached = dependents(given, computed, lambda _: True)
    return {name for name in reached & path if tensors.carries_gradient(name)}


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    """A rule may ask a node for one more output."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy
