"""Softmax and its logarithm, along any one axis."""

from collections.abc import Sequence

from engine.gradients.step import Rule, Step


def softmax(step: Step) -> Sequence[str | None]:
    """y (g - sum of g · y)."""
    y = step.node.output[0]
    total = _sum(step, step.add("Mul", step.gradient, y))
    return [step.add("Mul", y, step.add("Sub", step.gradient, total))]


def log_softmax(step: Step) -> Sequence[str | None]:
    """g - exp(y) · sum of g."""
    share = step.add("Mul", step.add("Exp", step.node.output[0]), _sum(step, step.gradient))
    return [step.add("Sub", step.gradient, share)]


def _sum(step: Step, values: str) -> str:
    """Along the axis, which stays."""
    axis = step.constant([int(step.attribute("axis", -1))])
    return step.add("ReduceSum", values, axis, keepdims=1)


RULES: dict[str, Rule] = {"LogSoftmax": log_softmax, "Softmax": softmax}
