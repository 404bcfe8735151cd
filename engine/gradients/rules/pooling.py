"""MaxPool, AveragePool and their global forms."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.errors import UnsupportedOperatorError
from engine.gradients.rules.convolution import convolve, convolve_transposed, runs_forward
from engine.gradients.rules.windows import Windows, find_windows, known_sizes
from engine.gradients.step import Rule, Step


def max_pool(step: Step) -> list[str | None]:
    """Each window's gradient goes to its maximum (the first, if several); overlapping ones add.

    The forward node tells where: its second output counts through the whole tensor, batch and
    channels included. It costs ONNX Runtime its blocked kernel (64 channels 3x3 stride 2 at
    112x112: 6.9 against 0.7 ms, the scattering 1.8 more), in graphs that hold a gradient alone.

    Raises:
        UnsupportedOperatorError: indices in column-major order, or a window behind the input.
    """
    if step.attribute("storage_order", 0):
        raise UnsupportedOperatorError(
            f"MaxPool {step.node.name!r} counts its indices by columns (storage_order 1); only "
            "rows have a gradient rule"
        )
    if step.attribute("ceil_mode", 0):
        _windows(step)
    flat = step.constant([-1])
    return [
        _scatter(
            step,
            step.node.input[0],
            step.add("Reshape", step.forward_output(1), flat),
            step.add("Reshape", step.gradient, flat),
        )
    ]


def average_pool(step: Step) -> list[str | None]:
    """Each window's gradient, divided by its count of rows, goes to all its rows.

    Raises:
        GraphError: height, width or channels are not known before running.
        UnsupportedOperatorError: a window behind the input.
    """
    windows = _windows(step)
    channels = known_sizes(step, step.node.input[0], first=1)[0]
    padding = bool(step.attribute("count_include_pad", 0))
    counts = _counts(windows, padding=padding)
    share = step.add("Div", step.gradient, step.constant(counts))
    ones = step.constant(np.ones((channels, 1, *windows.kernel)))
    back = convolve if runs_forward(windows) else convolve_transposed
    return [back(step, share, ones, windows, channels)]


def global_average_pool(step: Step) -> list[str | None]:
    """Every position gets an equal share.

    Raises:
        GraphError: height or width are not known before running.
    """
    data = step.node.input[0]
    positions = math.prod(known_sizes(step, data))
    share = step.add("Mul", step.gradient, step.constant(1 / positions))
    return [step.add("Expand", share, step.add("Shape", data))]


def global_max_pool(step: Step) -> list[str | None]:
    """The maximum's position (the first, if several) gets everything."""
    data = step.node.input[0]
    rows = step.constant([0, 0, -1])
    by_position = step.add("Reshape", data, rows)
    zeros = step.add("Mul", by_position, step.constant(0.0))
    where = step.add("ArgMax", by_position, axis=2, keepdims=1)
    gradient = step.add("Reshape", step.gradient, rows)
    spread = step.add("ScatterElements", zeros, where, gradient, axis=2)
    return [step.add("Reshape", spread, step.add("Shape", data))]


def _windows(step: Step) -> Windows:
    """The windows; none may lie behind the input.

    There ONNX's shape inference (1.23) counts a window more than ONNX Runtime (1.32) computes, so
    that no size behind the node can be trusted. It takes `ceil_mode` and strides beyond the kernel.
    """
    windows = find_windows(step, tuple(step.attribute("kernel_shape")))
    lasts = zip(windows.overhangs, windows.spans, strict=True)
    if step.attribute("ceil_mode", 0) and any(rows >= span for rows, span in lasts):
        raise UnsupportedOperatorError(
            f"no gradient rule for {step.node.op_type} {step.node.name!r}: with ceil_mode its last "
            "window lies behind the input"
        )
    return windows


def _scatter(step: Step, like: str, indices: str, values: str) -> str:
    """`values` added at flat `indices` to zeros of the shape of `like`."""
    shape = step.add("Shape", like)
    size = step.add("ReduceProd", shape, keepdims=1)
    zeros = step.add("Expand", step.constant([0.0]), size)
    summed = step.add("ScatterElements", zeros, indices, values, axis=0, reduction="add")
    return step.add("Reshape", summed, shape)


def _counts(windows: Windows, *, padding: bool) -> NDArray[np.float64]:
    """Rows times columns that each window averages over, in the output's spatial shape."""
    result = np.ones(())
    for axis in range(len(windows.kernel)):
        result = np.multiply.outer(result, windows.counts(axis, padding=padding))
    return result


RULES: dict[str, Rule] = {
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": global_max_pool,
    "MaxPool": max_pool,
}
