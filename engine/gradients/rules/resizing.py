"""Resize: along each axis a product with a constant matrix; on the way back, its transpose."""

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from engine.errors import GraphError, UnsupportedOperatorError
from engine.gradients.step import Rule, Step

Rows = NDArray[np.float32]

_SCALES = 2  # the place of the scales among the inputs
_HALF = np.float32(0.5)

# Where row `rows` of the output lies on the input, in the float32 arithmetic of ONNX Runtime: what
# is rounded next falls on the same side. Arguments: rows, scale, size before, size after.
COORDINATES: dict[str, Callable[[Rows, np.float32, int, int], Rows]] = {
    "half_pixel": lambda rows, scale, _before, _after: (rows + _HALF) / scale - _HALF,
    "pytorch_half_pixel": lambda rows, scale, _before, after: (
        (rows + _HALF) / scale - _HALF if after > 1 else rows
    ),
    "align_corners": lambda rows, _scale, before, after: (
        rows * np.float32(before - 1) / np.float32(max(after - 1, 1))
    ),
    "asymmetric": lambda rows, scale, _before, _after: rows / scale,
}
ROUNDINGS: dict[str, Callable[[Rows], Rows]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda place: np.ceil(place - _HALF),
    "round_prefer_ceil": lambda place: np.floor(place + _HALF),
}


def resize(step: Step) -> list[str | None]:
    """Nearest and linear, one axis after the other.

    Raises:
        UnsupportedOperatorError: cubic, antialiased, cropped, or keeping an aspect ratio.
        GraphError: a size or a scale is not known before running.
    """
    mode = _checked(step, "mode", "nearest", ("nearest", "linear"))
    coordinates = _checked(step, "coordinate_transformation_mode", "half_pixel", COORDINATES)
    rounding = _checked(step, "nearest_mode", "round_prefer_floor", ROUNDINGS)
    _checked(step, "antialias", 0, (0,))
    _checked(step, "keep_aspect_ratio_policy", "stretch", ("stretch",))
    data, result = step.shape(step.node.input[0]), step.shape(step.node.output[0])
    gradient = step.gradient
    if data == result and None not in data[1:]:
        return [gradient]  # ONNX Runtime copies, whatever the scale says
    for axis, scale in _scales(step).items():
        before, after = _sizes(step, axis)
        place = COORDINATES[coordinates](
            np.arange(after, dtype=np.float32), np.float32(scale), before, after
        )
        matrix = _nearest(ROUNDINGS[rounding](place), before)
        if mode == "linear":
            matrix = _linear(place, before)
        gradient = _apply(step, gradient, matrix, axis, len(data))
    return [gradient]


def _checked(step: Step, name: str, default: str | int, allowed: Collection[str | int]) -> str:
    """An attribute that has one of these values."""
    value = step.attribute(name, default)
    if value not in allowed:
        raise UnsupportedOperatorError(
            f"no gradient rule for Resize {step.node.name!r} with {name}={value!r}, only for "
            f"{', '.join(map(str, allowed))}"
        )
    return str(value)


def _scales(step: Step) -> dict[int, float]:
    """Output rows for each input row, of the axes that the node changes."""
    names = [*step.node.input, "", ""]
    shape = step.shape(names[0])
    axes = [axis % len(shape) for axis in step.attribute("axes", list(range(len(shape))))]
    if names[_SCALES]:
        scales = step.value(names[_SCALES])
        if scales is None:
            raise GraphError(
                f"Resize {step.node.name!r}: its scales must be constants of the graph"
            )
        pairs = zip(axes, np.asarray(scales, np.float64), strict=True)
        return {axis: float(scale) for axis, scale in pairs if scale != 1}
    # Sizes give the batch too, where they are computed: it stays as it is.
    known = [axis for axis in axes if axis > 0 or shape[0] is not None]
    sizes = {axis: _sizes(step, axis) for axis in known}
    return {axis: after / before for axis, (before, after) in sizes.items() if before != after}


def _sizes(step: Step, axis: int) -> tuple[int, int]:
    """Rows of the input and of the output along an axis."""
    before = step.shape(step.node.input[0])[axis]
    after = step.shape(step.node.output[0])[axis]
    if before is None or after is None:
        raise GraphError(
            f"Resize {step.node.name!r}: the size of axis {axis} must be known before running; "
            "export the model for one picture size"
        )
    return before, after


def _nearest(place: Rows, before: int) -> NDArray[np.float64]:
    """(after, before): one 1 a row, at the nearest row that exists."""
    return np.eye(before)[np.clip(place, 0, before - 1).astype(int)]


def _linear(place: Rows, before: int) -> NDArray[np.float64]:
    """(after, before): the two rows around each place, weighted by nearness."""
    inside = np.clip(place, 0, before - 1)
    low = np.floor(inside).astype(int)
    high = np.minimum(low + 1, before - 1)
    part = (inside - low).astype(np.float64)[:, np.newaxis]
    identity = np.eye(before)
    return (1 - part) * identity[low] + part * identity[high]


def _apply(step: Step, gradient: str, matrix: NDArray[np.float64], axis: int, rank: int) -> str:
    """The transpose of `matrix` (after, before) along `axis`."""
    if axis == rank - 2:
        return step.add("MatMul", step.constant(matrix.T), gradient)
    if axis == rank - 1:
        return step.add("MatMul", gradient, step.constant(matrix))
    order = list(range(rank))
    order[axis], order[-1] = order[-1], order[axis]
    turned = step.add("MatMul", step.add("Transpose", gradient, perm=order), step.constant(matrix))
    return step.add("Transpose", turned, perm=order)


RULES: dict[str, Rule] = {"Resize": resize}
