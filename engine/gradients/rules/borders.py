"""Pictures cut down and framed: Slice and Pad."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.gradients.step import Rule, Step


def pad(step: Step) -> Sequence[str | None]:
    """The opposite padding: what was framed is cut, what was cut is framed with zeros."""
    mode = str(step.attribute("mode", "constant"))
    if mode != "constant":
        raise step.unsupported(f"mode {mode!r}")
    pads = step.value(step.node.input[1])
    opposite = step.add("Neg", step.node.input[1]) if pads is None else step.constant(-pads)
    axes = ["", *step.node.input[3:4]] if step.node.input[3:4] else []
    return [step.add("Pad", step.gradient, opposite, *axes)]


@dataclass(frozen=True, slots=True)
class Cut:
    """A slice along one axis; each of `start`, `end`, `stride` names a constant or a tensor."""

    axis: int
    start: str
    end: str
    stride: str


def slice_(step: Step) -> Sequence[str | None]:
    """Zeros where nothing was taken from."""
    framed = _framed(step)
    if framed is not None:
        return [framed]
    gradient = step.gradient
    for cut in _cuts(step):
        gradient = _spread(step, gradient, cut)
    return [gradient]


def _framed(step: Step) -> str | None:
    """The gradient in a frame of zeros, where the slice is known and skips nothing."""
    shape = step.shape(step.node.input[0])
    starts, ends, axes, strides = _values(step)
    if starts is None or ends is None or axes is None or strides is None or np.any(strides != 1):
        return None
    pads = np.zeros((2, len(shape)), np.int64)
    for start, end, axis in zip(starts, ends, axes, strict=True):
        length = shape[int(axis)]
        if length is None:
            return None
        first, beyond, _ = slice(int(start), int(end)).indices(length)
        pads[:, int(axis)] = first, length - max(first, beyond)
    return step.add("Pad", step.gradient, step.constant(pads.ravel()))


def _spread(step: Step, gradient: str, cut: Cut) -> str:
    """Along one axis, of any stride and length, at run time.

    The positions that were taken are sliced from 0, 1, 2 … as the values were; turned round, they
    say for each place of the input which value of the gradient it has, and one zero is appended for
    the places that have none.
    """
    zero, one = step.constant(0), step.constant(1)
    length = step.add("Shape", step.node.input[0], start=cut.axis, end=cut.axis + 1)
    taken = step.add("Shape", gradient, start=cut.axis, end=cut.axis + 1)
    first = step.constant([0])
    places = step.add("Range", zero, step.add("Squeeze", length, first), one)
    positions = step.add("Slice", places, cut.start, cut.end, first, cut.stride)
    order = step.add("Range", zero, step.add("Squeeze", taken, first), one)
    nowhere = step.add("Expand", taken, length)
    source = step.add("ScatterElements", nowhere, positions, order, axis=0)
    rank = len(step.shape(step.node.input[0]))
    pads = [0] * (2 * rank)
    pads[rank + cut.axis] = 1
    extended = step.add("Pad", gradient, step.constant(pads))
    return step.add("Gather", extended, source, axis=cut.axis)


def _cuts(step: Step) -> list[Cut]:
    """The slices, axis by axis."""
    count = step.shape(step.node.input[1])[0]
    axes = _values(step)[2]
    if count is None or axes is None:
        raise step.unsupported("axes that are not known before it runs")
    names = (*step.node.input, "", "")
    ones = names[4] or step.constant([1] * count)
    cuts: list[Cut] = []
    for index, axis in enumerate(axes):
        parts = [
            step.add("Slice", name, step.constant([index]), step.constant([index + 1]))
            for name in (names[1], names[2], ones)
        ]
        cuts.append(Cut(int(axis), *parts))
    return cuts


def _values(step: Step) -> tuple[NDArray[Any] | None, ...]:
    """starts, ends, axes (counted from the front), steps; None for what is not known."""
    names = (*step.node.input, "", "")
    rank = len(step.shape(names[0]))
    starts, ends = step.value(names[1]), step.value(names[2])
    count = step.shape(names[1])[0] or 0
    axes = step.value(names[3]) if names[3] else np.arange(count)
    strides = step.value(names[4]) if names[4] else np.ones(count, np.int64)
    return starts, ends, None if axes is None else axes % rank, strides


RULES: dict[str, Rule] = {"Pad": pad, "Slice": slice_}
