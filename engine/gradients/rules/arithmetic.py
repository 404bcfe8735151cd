"""Element by element, two inputs broadcast together."""

from collections.abc import Sequence

from engine.gradients.step import Rule, Step


def add(step: Step) -> Sequence[str | None]:
    """Both inputs get the gradient."""
    return [
        step.unbroadcast(step.gradient, name) if step.needs(index) else None
        for index, name in enumerate(step.node.input)
    ]


def mul(step: Step) -> Sequence[str | None]:
    """Each input gets the gradient times the other."""
    first, second = step.node.input
    return [
        step.unbroadcast(step.add("Mul", step.gradient, other), name) if step.needs(index) else None
        for index, (name, other) in enumerate([(first, second), (second, first)])
    ]


RULES: dict[str, Rule] = {"Add": add, "Mul": mul}
