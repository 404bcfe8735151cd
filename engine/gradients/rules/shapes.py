"""Operators that give the same values another shape."""

from collections.abc import Sequence

import numpy as np

from engine.gradients.step import Rule, Step


def reshape(step: Step) -> Sequence[str | None]:
    """Back to the input's shape: Reshape, Flatten, Squeeze and Unsqueeze alike."""
    shape = step.shape(step.node.input[0])
    if shape.count(None) <= 1 and 0 not in shape:
        target = step.constant([-1 if length is None else length for length in shape])
    else:
        target = step.add("Shape", step.node.input[0])
    return [step.add("Reshape", step.gradient, target)]


def transpose(step: Step) -> Sequence[str | None]:
    """The inverse permutation."""
    rank = len(step.shape(step.node.input[0]))
    perm: list[int] = step.attribute("perm", list(range(rank))[::-1])
    return [step.add("Transpose", step.gradient, perm=np.argsort(perm).tolist())]


def expand(step: Step) -> Sequence[str | None]:
    """The sum over what was repeated."""
    return [step.unbroadcast(step.gradient, step.node.input[0])]


RULES: dict[str, Rule] = {
    "Expand": expand,
    "Flatten": reshape,
    "Reshape": reshape,
    "Squeeze": reshape,
    "Transpose": transpose,
    "Unsqueeze": reshape,
}
