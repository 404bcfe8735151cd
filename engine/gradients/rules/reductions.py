"""Sums, means and extremes along axes."""

import math
from collections.abc import Sequence

from engine.gradients.step import Rule, Step


def reduce_sum(step: Step) -> Sequence[str | None]:
    """Everything that was summed gets the gradient."""
    return [_expanded(step, step.gradient)]


def reduce_mean(step: Step) -> Sequence[str | None]:
    """Everything that was averaged gets its share of the gradient."""
    return [_expanded(step, step.add("Mul", step.gradient, _share(step)))]


def reduce_extreme(step: Step) -> Sequence[str | None]:
    """The largest (or smallest) gets the gradient; equals share it, as in TensorFlow."""
    x = step.node.input[0]
    whole = _expanded(step, step.node.output[0])
    taken = step.add("Cast", step.add("Equal", x, whole), to=step.type(x))
    axes = [name for name in step.node.input[1:2] if name]
    count = step.add("ReduceSum", taken, *axes, keepdims=1, **_noop(step))
    return [step.add("Div", step.add("Mul", taken, _expanded(step, step.gradient)), count)]


def _expanded(step: Step, reduced: str) -> str:
    """A tensor shaped as the output, repeated to the shape of the input."""
    axes = next(iter(step.node.input[1:2]), "")
    if axes and not int(step.attribute("keepdims", 1)):
        reduced = step.add("Unsqueeze", reduced, axes)
    return step.add("Expand", reduced, step.add("Shape", step.node.input[0]))


def _share(step: Step) -> str:
    """One over the number of values that went into each mean."""
    values, means = (step.shape(name) for name in (step.node.input[0], step.node.output[0]))
    fixed = [length for length in values if length is not None]
    if values.count(None) == means.count(None):  # what is dynamic, the batch, was not averaged
        kept = math.prod(length for length in means if length is not None)
        return step.constant(kept / math.prod(fixed))
    sizes = [
        step.add("Cast", step.add("Size", name), to=step.type(step.node.output[0]))
        for name in (step.node.output[0], step.node.input[0])
    ]
    return step.add("Div", *sizes)


def _noop(step: Step) -> dict[str, int]:
    """What a reduction without axes does: nothing, or everything."""
    return {"noop_with_empty_axes": int(step.attribute("noop_with_empty_axes", 0))}


RULES: dict[str, Rule] = {
    "ReduceMax": reduce_extreme,
    "ReduceMean": reduce_mean,
    "ReduceMin": reduce_extreme,
    "ReduceSum": reduce_sum,
}
