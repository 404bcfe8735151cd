"""Element by element, several inputs broadcast together."""

from collections.abc import Sequence

from engine.gradients.step import Rule, Step


def add(step: Step) -> Sequence[str | None]:
    """Every input gets the gradient."""
    return [_to_input(step, index, step.gradient) for index in range(len(step.node.input))]


def sub(step: Step) -> Sequence[str | None]:
    """The second input gets the gradient turned."""
    second = step.add("Neg", step.gradient) if step.needs(1) else step.gradient
    return [_to_input(step, 0, step.gradient), _to_input(step, 1, second)]


def mul(step: Step) -> Sequence[str | None]:
    """Each input gets the gradient times the other."""
    return [
        _to_input(step, index, step.add("Mul", step.gradient, step.node.input[1 - index]))
        if step.needs(index)
        else None
        for index in (0, 1)
    ]


def div(step: Step) -> Sequence[str | None]:
    """g / b, and -(g / b) · y with y the quotient."""
    share = step.add("Div", step.gradient, step.node.input[1])
    below = None
    if step.needs(1):
        below = step.add("Neg", step.add("Mul", share, step.node.output[0]))
        below = _to_input(step, 1, below)
    return [_to_input(step, 0, share), below]


def power(step: Step) -> Sequence[str | None]:
    """g · p · x^(p - 1), for an exponent that is a constant in the graph."""
    base, exponent = step.node.input
    value = step.value(exponent)
    if value is None:
        raise step.unsupported("an exponent that is no constant in the graph")
    lowered = step.add("Pow", base, step.constant(value - 1, step.dtype))
    slope = step.add("Mul", lowered, step.constant(value, step.dtype))
    return [_to_input(step, 0, step.add("Mul", step.gradient, slope))]


def extreme(step: Step) -> Sequence[str | None]:
    """The input that is the largest (or smallest) gets the gradient, the first of equals."""
    rest, zero = step.gradient, step.constant(0.0)
    results: list[str | None] = []
    for index, name in enumerate(step.node.input):
        taken = step.add("Equal", name, step.node.output[0])
        results.append(_to_input(step, index, step.add("Where", taken, rest, zero)))
        rest = step.add("Where", taken, zero, rest)
    return results


def where(step: Step) -> Sequence[str | None]:
    """Each branch gets the gradient where it was taken."""
    taken, zero = step.node.input[0], step.constant(0.0)
    return [
        None,
        _to_input(step, 1, step.add("Where", taken, step.gradient, zero)),
        _to_input(step, 2, step.add("Where", taken, zero, step.gradient)),
    ]


def _to_input(step: Step, index: int, gradient: str) -> str | None:
    """A gradient shaped as the output, summed to the shape of an input that wants it."""
    return step.unbroadcast(gradient, step.node.input[index]) if step.needs(index) else None


RULES: dict[str, Rule] = {
    "Add": add,
    "Div": div,
    "Max": extreme,
    "Min": extreme,
    "Mul": mul,
    "Pow": power,
    "Sub": sub,
    "Sum": add,
    "Where": where,
}
