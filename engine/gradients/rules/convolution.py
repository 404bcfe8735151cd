"""Conv: the gradient of its data; weights are constants of a served network."""

import numpy as np

from engine.errors import UnsupportedOperatorError
from engine.gradients.rules.windows import Windows, find_windows, known_sizes
from engine.gradients.step import Rule, Step


def convolution(step: Step) -> list[str | None]:
    """Conv of any stride, padding, dilation and group.

    Raises:
        UnsupportedOperatorError: its weight or bias is computed from the data.
        GraphError: the height or width of its input is not known before running.
    """
    weight = step.node.input[1]
    if any(step.needs(index) for index in range(1, len(step.node.input))):
        raise UnsupportedOperatorError(
            f"Conv {step.node.name!r}: its weight {weight!r} is computed from the data; only "
            "constant weights have a gradient rule"
        )
    group = int(step.attribute("group", 1))
    shape = known_sizes(step, weight, first=0)
    windows = find_windows(step, shape[2:])
    gradient, weight = step.folded(weight)
    if runs_forward(windows):
        turned = _turned(step, weight, shape, group)
        result = convolve(step, gradient, turned, windows, group)
    else:
        result = convolve_transposed(step, gradient, weight, windows, group)
    return [result]


def runs_forward(windows: Windows) -> bool:
    """Whether the way back is a plain Conv: stride 1, and no padding wider than the window."""
    ends = zip(windows.spans, windows.begins, windows.ends, strict=True)
    return max(windows.strides) == 1 and all(span > max(b, e) for span, b, e in ends)


def convolve(step: Step, gradient: str, turned: str, windows: Windows, group: int) -> str:
    """Back through windows of stride 1, as a Conv with the turned kernel.

    ONNX Runtime is faster here than with ConvTranspose (1.32, one thread, ms): 64 channels 3x3 at
    56x56 2.9 against 3.7; depthwise 96 channels 3x3 at 56x56 0.34 against 1.07; depthwise 480
    channels 5x5 at 14x14 0.35 against 1.54.
    """
    return step.add(
        "Conv",
        gradient,
        turned,
        kernel_shape=list(windows.kernel),
        dilations=list(windows.dilations),
        pads=[
            span - 1 - pad
            for pads in (windows.begins, windows.ends)
            for span, pad in zip(windows.spans, pads, strict=True)
        ],
        group=group,
    )


def convolve_transposed(
    step: Step, gradient: str, weight: str, windows: Windows, group: int
) -> str:
    """Back through windows of any stride, as a ConvTranspose with the weight as it is.

    The other form, zeros put between the rows and a Conv of stride 1, is 2 to 60 times slower
    (3x3 stride 2, 64 channels at 56x56: 4.5 against 1.4 ms; 11x11 stride 4 at 227x227: 277
    against 4.3; depthwise 96 channels 3x3 stride 2 at 112x112: 5.9 against 2.2).
    """
    overhangs = windows.overhangs
    return step.add(
        "ConvTranspose",
        gradient,
        weight,
        kernel_shape=list(windows.kernel),
        strides=list(windows.strides),
        dilations=list(windows.dilations),
        pads=[*windows.begins, *(max(0, rows) for rows in overhangs)],
        output_padding=[max(0, -rows) for rows in overhangs],
        group=group,
    )


def _turned(step: Step, weight: str, shape: tuple[int, ...], group: int) -> str:
    """(out, in / group, *kernel) → (in, out / group, *kernel), each spatial axis reversed.

    The values may lie in the external file: these operators run once, when the session is built.
    """
    out_channels, in_channels, *kernel = shape
    axes = range(len(shape))
    if group == 1:
        turned = step.add("Transpose", weight, perm=[1, 0, *axes[2:]])
    elif in_channels == 1 and out_channels == group:
        turned = weight
    else:
        split = [group, out_channels // group, in_channels, *kernel]
        joined = [group * in_channels, out_channels // group, *kernel]
        turned = step.add("Reshape", weight, step.constant(split))
        turned = step.add("Transpose", turned, perm=[0, 2, 1, *(axis + 1 for axis in axes[2:])])
        turned = step.add("Reshape", turned, step.constant(joined))
    reversed_axes = [axis for axis in axes[2:] if shape[axis] > 1]
    if not reversed_axes:
        return turned
    count = len(reversed_axes)
    return step.add(
        "Slice",
        turned,
        step.constant(np.full(count, -1)),
        step.constant(np.full(count, np.iinfo(np.int64).min)),
        step.constant(reversed_axes),
        step.constant(np.full(count, -1)),
    )


RULES: dict[str, Rule] = {"Conv": convolution}
