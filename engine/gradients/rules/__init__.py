"""The gradient rules, one function an operator, one small module a family.

A rule gets a Step and returns one gradient for every input of the node, None where there is none;
it may leave out the last ones. A module lists its rules in a table RULES of its own.
"""

from engine.gradients.rules import (
    activations,
    arithmetic,
    borders,
    casts,
    convolution,
    functions,
    linear,
    normalization,
    parts,
    pooling,
    reductions,
    resizing,
    shapes,
    softmax,
)
from engine.gradients.step import Rule

RULES: dict[str, Rule] = {
    **activations.RULES,
    **arithmetic.RULES,
    **borders.RULES,
    **casts.RULES,
    **convolution.RULES,
    **functions.RULES,
    **linear.RULES,
    **normalization.RULES,
    **parts.RULES,
    **pooling.RULES,
    **reductions.RULES,
    **resizing.RULES,
    **shapes.RULES,
    **softmax.RULES,
}

# Their derivative is zero wherever it exists: what flows into them ends there, and is no error.
STEPS = frozenset({"Ceil", "Floor", "Round", "Sign"})
