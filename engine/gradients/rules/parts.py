"""Tensors taken apart and put together along an axis."""

from collections.abc import Sequence

from engine.gradients.step import Rule, Step


def concat(step: Step) -> Sequence[str | None]:
    """Each input gets its part of the gradient."""
    axis = int(step.attribute("axis"))
    inputs = step.node.input
    lengths = [step.shape(name)[axis] for name in inputs]
    if None in lengths:
        rank = len(step.shape(inputs[0]))
        start = axis % rank
        sizes = [step.add("Shape", name, start=start, end=start + 1) for name in inputs]
        split = step.add("Concat", *sizes, axis=0)
    else:
        split = step.constant([int(length or 0) for length in lengths])
    return step.add_many("Split", step.gradient, split, count=len(inputs), axis=axis)


def split(step: Step) -> Sequence[str | None]:
    """The parts' gradients side by side, zeros for a part that nobody uses."""
    parts = [
        _zeros(step, step.node.output[index]) if gradient is None else gradient
        for index, gradient in enumerate(step.gradients)
    ]
    return [step.add("Concat", *parts, axis=int(step.attribute("axis", 0)))]


def gather(step: Step) -> Sequence[str | None]:
    """What was picked gets its gradient; picked twice, the sum."""
    data, indices = step.node.input
    shape, picked = step.shape(data), step.shape(indices)
    axis = int(step.attribute("axis", 0)) % len(shape)
    gradient = step.gradient
    if not picked:
        gradient = step.add("Unsqueeze", gradient, step.constant([axis]))
    elif len(picked) > 1:
        raise step.unsupported(f"indices with {len(picked)} axes")
    column = [-1 if each == axis else 1 for each in range(len(shape))]
    rows = step.add("Reshape", indices, step.constant(column))
    rows = step.add("Expand", rows, step.add("Shape", gradient))
    zeros = _zeros(step, data)
    return [step.add("ScatterElements", zeros, rows, gradient, axis=axis, reduction="add")]


def _zeros(step: Step, like: str) -> str:
    """Zeros shaped as a forward tensor."""
    return step.add("Expand", step.constant(0.0), step.add("Shape", like))


RULES: dict[str, Rule] = {"Concat": concat, "Gather": gather, "Split": split}
