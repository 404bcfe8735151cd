"""Operators that ONNX's reference evaluator has wrong, in plain NumPy loops, float64.

Found with onnx 1.23 against ONNX Runtime 1.32: ConvTranspose fails on groups; MaxPool is wrong with
SAME padding; AveragePool refuses `ceil_mode` with SAME or VALID; LRN takes another band;
GlobalMaxPool loses an axis where there is one spatial one. Conv is right.

ONNX Runtime itself refuses Conv with SAME and dilations, AveragePool with SAME and strides beyond
the kernel, and LRN of even size; it forgets the dilations of MaxPool with SAME; it has float64 for
MaxPool, not for the others.
"""

from collections.abc import Iterator
from itertools import product
from math import ceil, prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from onnx.reference.op_run import OpRun

Array = NDArray[Any]


def settings(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes."""
    pairs = ((each.name, helper.get_attribute_value(each)) for each in node.attribute)
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in pairs}


def placed(node: onnx.NodeProto, sizes: tuple[int, ...]) -> list[tuple[int, list[range], int]]:
    """For each spatial axis: padding before, the rows of every window, padding behind."""
    given = settings(node)
    kernel = given["kernel_shape"]
    axes = len(kernel)
    strides, dilations = given.get("strides", [1] * axes), given.get("dilations", [1] * axes)
    pads = given.get("pads", [0] * (2 * axes))
    mode = given.get("auto_pad", "NOTSET")
    found: list[tuple[int, list[range], int]] = []
    for axis, size in enumerate(sizes):
        span = dilations[axis] * (kernel[axis] - 1) + 1
        stride, before, behind = strides[axis], pads[axis], pads[axis + axes]
        if mode.startswith("SAME"):
            count = ceil(size / stride)
            total = max(0, (count - 1) * stride + span - size)
            before = total // 2 if mode == "SAME_UPPER" else total - total // 2
            behind = total - before
        else:
            steps = (size + before + behind - span) / stride
            count = (ceil(steps) if given.get("ceil_mode") else int(steps)) + 1
            if (count - 1) * stride >= size + before:
                count -= 1  # a window that starts behind the input does not count
        starts = [index * stride - before for index in range(count)]
        rows = [range(start, start + span, dilations[axis]) for start in starts]
        found.append((before, rows, behind))
    return found


def cells(
    node: onnx.NodeProto, x: Array
) -> Iterator[tuple[tuple[int, ...], list[tuple[int, ...]], int]]:
    """Every output position, the input positions it sees, and how many count."""
    sizes = x.shape[2:]
    axes = placed(node, sizes)
    padding = settings(node).get("count_include_pad", 0)
    for position in product(*(range(len(rows)) for _, rows, _ in axes)):
        windows = [rows[index] for index, (_, rows, _) in zip(position, axes, strict=True)]
        seen = [
            [row for row in window if 0 <= row < size]
            for window, size in zip(windows, sizes, strict=True)
        ]
        padded = [
            [row for row in window if -before <= row < size + behind]
            for window, size, (before, _, behind) in zip(windows, sizes, axes, strict=True)
        ]
        yield position, list(product(*seen)), prod(map(len, padded if padding else seen))


def output_shape(node: onnx.NodeProto, x: Array) -> tuple[int, ...]:
    """Batch, channels, and one cell for each window."""
    return (*x.shape[:2], *(len(rows) for _, rows, _ in placed(node, x.shape[2:])))


class MaxPool(OpRun):
    """The maximum and its place, counted through the whole tensor as ONNX Runtime does."""

    def _run(self, x: Array, **_: Any) -> tuple[Array, ...]:
        best = np.full(output_shape(self.onnx_node, x), -np.inf)
        where = np.zeros(best.shape, np.int64)
        flat = np.arange(x.size).reshape(x.shape)
        for position, seen, _count in cells(self.onnx_node, x):
            values = np.stack([x[:, :, *at] for at in seen], -1)
            places = np.stack([flat[:, :, *at] for at in seen], -1)
            first = values.argmax(-1)[..., np.newaxis]
            best[:, :, *position] = np.take_along_axis(values, first, -1)[..., 0]
            where[:, :, *position] = np.take_along_axis(places, first, -1)[..., 0]
        return (best.astype(x.dtype), where)[: len(self.onnx_node.output)]


class AveragePool(OpRun):
    """The mean of every window."""

    def _run(self, x: Array, **_: Any) -> tuple[Array, ...]:
        mean = np.zeros(output_shape(self.onnx_node, x), x.dtype)
        for position, seen, count in cells(self.onnx_node, x):
            mean[:, :, *position] = sum(x[:, :, *at] for at in seen) / count
        return (mean,)


class GlobalMaxPool(OpRun):
    """The maximum of every channel."""

    def _run(self, x: Array, **_: Any) -> tuple[Array, ...]:
        return (x.max(tuple(range(2, x.ndim)), keepdims=True),)


class ConvTranspose(OpRun):
    """Every input row spreads the kernel over the output."""

    def _run(self, x: Array, w: Array, **_: Any) -> tuple[Array, ...]:
        given = settings(self.onnx_node)
        kernel, sizes, group = w.shape[2:], x.shape[2:], given["group"]
        strides, dilations, pads = given["strides"], given["dilations"], given["pads"]
        axes = range(len(kernel))
        spread = [
            strides[a] * (sizes[a] - 1)
            + dilations[a] * (kernel[a] - 1)
            + 1
            + given["output_padding"][a]
            for a in axes
        ]
        outputs = w.shape[1]
        y = np.zeros((x.shape[0], group, outputs, *spread), x.dtype)
        split = x.reshape(x.shape[0], group, -1, *sizes)
        weights = w.reshape(group, -1, *w.shape[1:])
        for at in product(*map(range, kernel)):
            rows = [
                slice(
                    dilations[a] * at[a],
                    dilations[a] * at[a] + strides[a] * (sizes[a] - 1) + 1,
                    strides[a],
                )
                for a in axes
            ]
            y[:, :, :, *rows] += np.einsum("bgi...,gio->bgo...", split, weights[:, :, :, *at])
        y = y.reshape(x.shape[0], group * outputs, *spread)
        inside = [slice(pads[a], spread[a] - pads[a + len(kernel)]) for a in axes]
        return (y[:, :, *inside],)


class LRN(OpRun):
    """Each channel over the power of its band's sum of squares."""

    def _run(self, x: Array, **_: Any) -> tuple[Array, ...]:
        given = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0, **settings(self.onnx_node)}
        size = given["size"]
        sums = np.zeros_like(x)
        for channel in range(x.shape[1]):
            first = max(0, channel - (size - 1) // 2)
            band = x[:, first : channel + size // 2 + 1]
            sums[:, channel] = (band**2).sum(1)
        return (x / (given["bias"] + given["alpha"] / size * sums) ** given["beta"],)


OPERATORS: list[type[OpRun]] = [AveragePool, ConvTranspose, GlobalMaxPool, LRN, MaxPool]
