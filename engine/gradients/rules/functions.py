"""Smooth functions of one input, element by element: the gradient times the derivative."""

import math
from collections.abc import Callable, Sequence

from engine.gradients.step import Rule, Step

Derivative = Callable[[Step, str, str], str]  # of (step, input, output)


def sigmoid(step: Step, _x: str, y: str) -> str:
    """y (1 - y)."""
    return step.add("Mul", y, step.add("Sub", step.constant(1.0), y))


def tanh(step: Step, _x: str, y: str) -> str:
    """1 - y²."""
    return step.add("Sub", step.constant(1.0), step.add("Mul", y, y))


def softplus(step: Step, x: str, _y: str) -> str:
    """The sigmoid of x."""
    return step.add("Sigmoid", x)


def hard_swish(step: Step, x: str, _y: str) -> str:
    """hard sigmoid of x, plus x / 6 between -3 and 3."""
    sixth = step.constant(1 / 6)
    gate = step.add("HardSigmoid", x, alpha=1 / 6, beta=0.5)
    inside = step.add("Less", step.add("Abs", x), step.constant(3.0))
    sloped = step.add("Where", inside, step.add("Mul", x, sixth), step.constant(0.0))
    return step.add("Add", gate, sloped)


def elu(step: Step, x: str, y: str) -> str:
    """1, and y + alpha for negative x."""
    return _exponential_tail(step, x, y, 1.0, float(step.attribute("alpha", 1.0)))


def selu(step: Step, x: str, y: str) -> str:
    """gamma, and y + gamma · alpha for negative x."""
    gamma = float(step.attribute("gamma", 1.05070102214813232421875))
    alpha = float(step.attribute("alpha", 1.67326319217681884765625))
    return _exponential_tail(step, x, y, gamma, gamma * alpha)


def erf(step: Step, x: str, _y: str) -> str:
    """2/√π · exp(-x²)."""
    bell = step.add("Exp", step.add("Neg", step.add("Mul", x, x)))
    return step.add("Mul", bell, step.constant(2 / math.sqrt(math.pi)))


def exp(_step: Step, _x: str, y: str) -> str:
    """y itself."""
    return y


def sqrt(step: Step, _x: str, y: str) -> str:
    """1 / 2y."""
    return step.add("Div", step.constant(0.5), y)


def reciprocal(step: Step, _x: str, y: str) -> str:
    """-y²."""
    return step.add("Neg", step.add("Mul", y, y))


def log(step: Step, x: str, _y: str) -> str:
    """1 / x."""
    return step.add("Reciprocal", x)


def absolute(step: Step, x: str, _y: str) -> str:
    """The sign."""
    return step.add("Sign", x)


def negative(step: Step) -> Sequence[str | None]:
    """The gradient turned."""
    return [step.add("Neg", step.gradient)]


def _exponential_tail(step: Step, x: str, y: str, slope: float, shift: float) -> str:
    """A slope for positive x, y + shift for negative."""
    tail = step.add("Add", y, step.constant(shift))
    positive = step.add("Greater", x, step.constant(0.0))
    return step.add("Where", positive, step.constant(slope), tail)


def _times(derivative: Derivative) -> Rule:
    """The rule of a function whose derivative is known."""

    def rule(step: Step) -> Sequence[str | None]:
        slope = derivative(step, step.node.input[0], step.node.output[0])
        return [step.add("Mul", step.gradient, slope)]

    return rule


RULES: dict[str, Rule] = {
    "Abs": _times(absolute),
    "Elu": _times(elu),
    "Erf": _times(erf),
    "Exp": _times(exp),
    "HardSwish": _times(hard_swish),
    "Log": _times(log),
    "Neg": negative,
    "Reciprocal": _times(reciprocal),
    "Selu": _times(selu),
    "Sigmoid": _times(sigmoid),
    "Softplus": _times(softplus),
    "Sqrt": _times(sqrt),
    "Tanh": _times(tanh),
}
