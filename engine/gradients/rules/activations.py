"""Rectifiers, and how the rule of the picture changes them."""

from collections.abc import Sequence

from engine.gradients.step import Rule, Step


def relu(step: Step) -> Sequence[str | None]:
    """The gradient where the output is positive, by the rule that was asked for."""
    open_gate = step.add("Greater", step.node.output[0], step.constant(0.0))
    return [step.add("Where", open_gate, step.gradient, step.constant(0.0))]


RULES: dict[str, Rule] = {"Relu": relu}
