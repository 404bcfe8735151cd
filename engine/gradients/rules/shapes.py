"""Operators that move values and change none."""

from collections.abc import Sequence

import numpy as np

from engine.gradients.step import Rule, Step


def transpose(step: Step) -> Sequence[str | None]:
    """The inverse permutation."""
    rank = len(step.shape(step.node.input[0]))
    perm: list[int] = step.attribute("perm", list(range(rank))[::-1])
    return [step.add("Transpose", step.gradient, perm=np.argsort(perm).tolist())]


RULES: dict[str, Rule] = {"Transpose": transpose}
