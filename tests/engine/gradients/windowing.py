"""Hypothesis strategies: windows on small non-square inputs, at odd places."""

from dataclasses import dataclass
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st


@dataclass(frozen=True, slots=True)
class Windowed:
    """One convolution or pooling.

    Args:
        sizes: spatial sizes of the input.
        attributes: of the node.
    """

    sizes: tuple[int, ...]
    attributes: dict[str, Any]


@st.composite
def windowed(
    draws: st.DrawFn,
    *,
    dilated: bool = True,
    pooling: bool = False,
    modes: tuple[str, ...] = ("NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"),
) -> Windowed:
    """Strides up to 4 (beyond the kernel too), asymmetric pads, dilations, every `auto_pad`.

    Args:
        draws: given by Hypothesis.
        dilated: dilations too; not with SAME, which ONNX Runtime does not have.
        pooling: pads narrower than the kernel, and `ceil_mode`; no window behind the input.
        modes: of `auto_pad`; an empty word leaves the attribute out.
    """
    axes = draws(st.integers(1, 2))

    def each(low: int, high: int, count: int = axes) -> list[int]:
        return [draws(st.integers(low, high)) for _ in range(count)]

    mode = draws(st.sampled_from(modes))
    same = mode.startswith("SAME")
    kernel, sizes = each(1, 3), each(3, 6)
    dilations = each(1, 2) if dilated and not same else [1] * axes
    strides = each(1, 4)
    if same and pooling:
        strides = [min(pair) for pair in zip(strides, kernel, strict=True)]
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides}
    if dilated:
        attributes["dilations"] = dilations
    pads = [0] * (2 * axes)
    if mode == "NOTSET":
        pads = each(0, 2, 2 * axes)
        if pooling:
            pads = [min(pad, kernel[index % axes] - 1) for index, pad in enumerate(pads)]
        attributes["pads"] = pads
    else:
        attributes["auto_pad"] = mode
    if pooling:
        attributes["ceil_mode"] = draws(st.integers(0, 1))
    for axis in range(axes):
        span = dilations[axis] * (kernel[axis] - 1) + 1
        room = sizes[axis] + pads[axis] + pads[axis + axes] - span
        assume(same or room >= 0)
        last = -(-room // strides[axis]) * strides[axis] - pads[axis]
        assume(same or not pooling or last < sizes[axis])
    return Windowed(tuple(sizes), attributes)
