"""Operators that pass values on as they are."""

from collections.abc import Sequence

from engine.gradients.step import Rule, Step


def identity(step: Step) -> Sequence[str | None]:
    """The gradient itself; a dropout at inference is one too."""
    return [step.gradient]


def cast(step: Step) -> Sequence[str | None]:
    """Back to the input's own float type; whole numbers have no gradient."""
    if not step.needs(0):
        return [None]
    kind = step.type(step.node.input[0])
    if kind == step.type(step.node.output[0]):
        return [step.gradient]
    return [step.add("Cast", step.gradient, to=kind)]


RULES: dict[str, Rule] = {"Cast": cast, "Dropout": identity, "Identity": identity}
