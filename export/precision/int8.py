"""The int8 variant: convolutions and dense layers on 8-bit integers, ranges known beforehand."""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

from engine.arrays import Pixels
from export.precision.body import ends
from export.precision.calibration import METHODS, write_ranges
from export.precision.options import Method

OPERATORS = [
    "Add", "AveragePool", "Clip", "Concat", "Conv", "ConvTranspose", "Flatten", "Gemm",
    "GlobalAveragePool", "LeakyRelu", "MatMul", "MaxPool", "Mul", "Pad", "Relu", "Reshape",
    "Resize", "Sigmoid", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
]  # fmt: skip
"""Those for which ONNX Runtime's CPU has integer kernels, or which only move values."""


def quantize(model: onnx.ModelProto, pictures: Iterable[Pixels], method: Method) -> onnx.ModelProto:
    """The network with 8-bit weights, a scale for each channel, and 8-bit activations.

    Weights are unsigned like the activations. Signed ones are faster nowhere that matters and wrong
    where the processor has no VNNI: AVX2 adds two products of an unsigned and a signed byte in 16
    bits, which saturates (docs/decisions/0007-precisions.md has the numbers).

    Args:
        model: prepared, weights inside.
        pictures: to calibrate on, (height, width, channels) each.
        method: how the ranges follow from the values seen.
    """
    with tempfile.TemporaryDirectory() as scratch, _quiet():
        folder = Path(scratch)
        ranges, source, target = (folder / name for name in ("ranges", "fp32.onnx", "int8.onnx"))
        write_ranges(model, pictures, method, OPERATORS, ranges)
        onnx.save(model, source)
        quantize_static(
            source,
            target,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=OPERATORS,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QUInt8,
            nodes_to_exclude=ends(model),
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
