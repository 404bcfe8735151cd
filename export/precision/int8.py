"""The int8 variant: convolutions and dense layers on 8-bit integers, ranges known beforehand."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

from engine.arrays import Pixels
from engine.graphs import prune
from export.precision.body import ends, weighted
from export.precision.calibration import METHODS, write_ranges
from export.precision.correction import correct_biases
from export.precision.options import Method

Overrides = dict[str, list[dict[str, Any]]]
"""Settings of single tensors, in ONNX Runtime's words."""

OPERATORS = [
    "Add", "AveragePool", "Clip", "Concat", "Conv", "ConvTranspose", "Flatten", "Gemm",
    "GlobalAveragePool", "LeakyRelu", "MatMul", "MaxPool", "Mul", "Pad", "Relu", "Reshape",
    "Resize", "Sigmoid", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
]  # fmt: skip
"""Those for which ONNX Runtime's CPU has integer kernels, or which only move values."""


def quantize(
    model: onnx.ModelProto,
    read: Callable[[], Iterable[Pixels]],
    method: Method,
    keep_first: int = 0,
) -> onnx.ModelProto:
    """The network with 7-bit weights, a scale for each channel, and 8-bit activations.

    A processor without VNNI adds two products of an activation and a weight in 16 bits, which 8-bit
    weights overflow silently (docs/decisions/0007-precisions.md has the numbers). With 7 bits the
    same bundle answers the same everywhere. Depthwise kernels add in 32 bits: those keep all 8.

    Args:
        model: prepared, weights inside.
        read: begins anew with the pictures to calibrate on, (height, width, channels) each.
        method: how the ranges follow from the values seen.
        keep_first: so many of the first weighted nodes stay in float32; their errors go through the
            whole network.
    """
    kept = [*ends(model), *weighted(model)[:keep_first]]
    with tempfile.TemporaryDirectory() as scratch, _quiet():
        ranges = Path(scratch) / "ranges.json"
        write_ranges(model, read(), method, OPERATORS, ranges)
        plain = _quantized(model, ranges, method, kept)
        corrected = correct_biases(model, plain, read())
        outputs = [output.name for output in model.graph.output]
        return prune(_quantized(corrected, ranges, method, kept), outputs)


def _quantized(
    model: onnx.ModelProto, ranges: Path, method: Method, kept: list[str]
) -> onnx.ModelProto:
    """The network with ranges that are known; `kept` names the nodes that stay in float32."""
    source, target = ranges.with_name("fp32.onnx"), ranges.with_name("int8.onnx")
    onnx.save(model, source)
    quantize_static(
        source,
        target,
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=OPERATORS,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        extra_options={"TensorQuantOverrides": _full_range(model, kept)},
        nodes_to_exclude=kept,
        calibrate_method=METHODS[method][0],
        calibration_cache_path=ranges,
    )
    return onnx.load(target)


def _full_range(model: onnx.ModelProto, kept: list[str]) -> Overrides:
    """All 8 bits for the weights of depthwise convolutions: (channels, 1, height, width)."""
    constants = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    full = {"quant_type": QuantType.QInt8, "axis": 0, "symmetric": True, "reduce_range": False}
    return {
        node.input[1]: [full]
        for node in model.graph.node
        if node.op_type == "Conv" and node.name not in kept
        if constants.get(node.input[1], [0, 0])[1] == 1
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Without ONNX Runtime's advice on the root logger, which is taken already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
