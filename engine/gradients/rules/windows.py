"""Where the windows of a convolution or a pooling lie on its input."""

from dataclasses import dataclass
from typing import cast

from engine.errors import GraphError
from engine.gradients.step import Step


@dataclass(frozen=True, slots=True)
class Windows:
    """One entry per spatial axis; everything in rows of that axis, known before running.

    Args:
        inputs, outputs: size of the operator's input and output.
        kernel, strides, dilations: as the operator declares them.
        begins, ends: padding before and after, `auto_pad` resolved.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def spans(self) -> tuple[int, ...]:
        """Rows from a window's first to its last."""
        sizes = zip(self.dilations, self.kernel, strict=True)
        return tuple(dilation * (kernel - 1) + 1 for dilation, kernel in sizes)

    @property
    def overhangs(self) -> tuple[int, ...]:
        """Rows by which the last window ends behind the input; negative: rows no window reached.

        Not `ends`: the stride may leave padding unused, and `ceil_mode` reaches behind it.
        """
        axes = zip(self.outputs, self.strides, self.spans, self.begins, self.inputs, strict=True)
        return tuple(
            (count - 1) * stride + span - begin - size for count, stride, span, begin, size in axes
        )

    def counts(self, axis: int, *, padding: bool) -> list[int]:
        """Rows that each window along `axis` covers, those of the padding too if `padding`.

        Rows that `ceil_mode` adds behind the padding never count.
        """
        first = -self.begins[axis] if padding else 0
        behind = self.inputs[axis] + (self.ends[axis] if padding else 0)
        starts = (i * self.strides[axis] - self.begins[axis] for i in range(self.outputs[axis]))
        reach, step = self.spans[axis], self.dilations[axis]
        return [
            sum(first <= row < behind for row in range(start, start + reach, step))
            for start in starts
        ]


def find_windows(step: Step, kernel: tuple[int, ...]) -> Windows:
    """The windows of a node of kernel size `kernel`.

    Raises:
        GraphError: the height or width of its input is not known before running.
    """
    axes = len(kernel)
    inputs = known_sizes(step, step.node.input[0])
    outputs = known_sizes(step, step.node.output[0])
    strides = _integers(step, "strides", [1] * axes)
    dilations = _integers(step, "dilations", [1] * axes)
    pads = _integers(step, "pads", [0] * (2 * axes))
    flat = Windows(inputs, outputs, kernel, strides, dilations, (0,) * axes, (0,) * axes)
    mode = step.attribute("auto_pad", "NOTSET")
    if mode == "NOTSET":
        begins, ends = pads[:axes], pads[axes:]
    elif mode == "VALID":
        begins, ends = flat.begins, flat.ends
    else:
        totals = [max(0, overhang) for overhang in flat.overhangs]
        less = tuple(total // 2 for total in totals)
        more = tuple(total - total // 2 for total in totals)
        begins, ends = (less, more) if mode == "SAME_UPPER" else (more, less)
    return Windows(inputs, outputs, kernel, strides, dilations, begins, ends)


def known_sizes(step: Step, name: str, first: int = 2) -> tuple[int, ...]:
    """A tensor's sizes from axis `first` on; 2 is behind batch and channels.

    Raises:
        GraphError: one of them is not known before running.
    """
    sizes = step.shape(name)[first:]
    if None in sizes:
        raise GraphError(
            f"{step.node.op_type} {step.node.name!r}: the sizes {sizes} of {name!r} must be known "
            "before running; export the model for one picture size"
        )
    return cast("tuple[int, ...]", sizes)


def _integers(step: Step, name: str, default: list[int]) -> tuple[int, ...]:
    return tuple(int(value) for value in step.attribute(name, default))
