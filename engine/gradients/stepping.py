"""One node of a graph, from its outputs' gradients to its inputs'."""

from collections.abc import Set

import onnx

from engine.errors import GraphError, UnsupportedOperatorError
from engine.gradients.rules import RULES, STEPS
from engine.gradients.step import Step, Way, describe

OPSET = 18  # what the rules write; export writes it too


def step_back(
    node: onnx.NodeProto, outputs: list[str | None], active: Set[str], way: Way
) -> list[tuple[str, str]]:
    """What a node's rule gives to those of its inputs that take part.

    Args:
        node: the node.
        outputs: the gradients of its outputs; None where nothing flows.
        active: the tensors that take part.
        way: what all steps share.

    Returns:
        Pairs of an input and a gradient; an input that is used twice is there twice.

    Raises:
        UnsupportedOperatorError: no rule, or none for one of these inputs.
        GraphError: something must be static that is not.
    """
    if node.op_type in STEPS:
        return []
    rule = RULES.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    if rule is None:
        raise UnsupportedOperatorError(f"no gradient rule for {describe(node)}")
    needed = [name in active for name in node.input]
    results = list(rule(Step(node, outputs, needed, way)))
    results += [None] * (len(needed) - len(results))
    pairs: list[tuple[str, str]] = []
    for index, (name, result) in enumerate(zip(node.input, results, strict=True)):
        if needed[index]:
            if result is None:
                raise UnsupportedOperatorError(
                    f"no gradient rule for input {index} ({name!r}) of {describe(node)}"
                )
            pairs.append((name, result))
    return pairs


def check_opset(model: onnx.ModelProto) -> None:
    """Raises GraphError for a graph older than what the rules write."""
    versions = [part.version for part in model.opset_import if part.domain in ("", "ai.onnx")]
    if not versions or min(versions) < OPSET:
        raise GraphError(f"gradients need opset {OPSET}, the graph has {versions}; export it again")
