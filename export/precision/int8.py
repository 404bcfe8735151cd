"""The int8 variant: convolutions and dense layers on 8-bit integers, ranges known beforehand."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

from engine.arrays import Pixels
from engine.graphs import prune
from export.precision.body import ends, weighted
from export.precision.calibration import METHODS, write_ranges
from export.precision.correction import correct_biases
from export.precision.options import Method

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
    """The network with 8-bit weights, a scale for each channel, and 8-bit activations.

    Weights are unsigned like the activations: AVX2 adds two products of an unsigned and a signed
    byte in 16 bits, which saturates, and only a processor with VNNI does not (the numbers are in
    docs/decisions/0007-precisions.md).

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
        weight_type=QuantType.QUInt8,
        nodes_to_exclude=kept,
        calibrate_method=METHODS[method][0],
        calibration_cache_path=ranges,
    )
    return onnx.load(target)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without ONNX Runtime's advice on the root logger, which is taken already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
