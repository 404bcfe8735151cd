"""The part of a graph that changes its precision, and the parts at both ends that keep it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.errors import SettingsError

WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})


def prepare(predict: Path) -> onnx.ModelProto:
    """The prediction graph with BatchNorm folded, shapes inferred, weights inside, nodes named.

    ONNX Runtime's own basic optimisation: it leaves nothing but operators of ONNX's standard.

    Raises:
        SettingsError: the network has no weights that multiply, so no precision to change.
    """
    with tempfile.TemporaryDirectory() as scratch:
        whole, prepared = Path(scratch) / "whole.onnx", Path(scratch) / "prepared.onnx"
        onnx.save(onnx.load(predict), whole)
        quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
        model = onnx.load(prepared)
    for index, node in enumerate(model.graph.node):
        node.name = f"{index}:{node.name or node.op_type}"
    if not weighted(model):
        raise SettingsError("the network has neither a convolution nor a dense layer to convert")
    return model


def ends(model: onnx.ModelProto) -> list[str]:
    """Names of the nodes that stay in float32: preprocessing, and what follows the last layer.

    Before the first weights the values are levels up to 255, whose products with a scale need all
    their digits; after the last there is the softmax, whose results are what is compared.
    """
    return sorted(
        {node.name for node in model.graph.node} - _reached(model.graph.node, onward=True)
        | {node.name for node in model.graph.node}
        - _reached(tuple(reversed(model.graph.node)), onward=False)
    )


def weighted(model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions and dense layers, in the order of computation."""
    return [node.name for node in model.graph.node if node.op_type in WEIGHTED]


def _reached(nodes: Sequence[onnx.NodeProto], *, onward: bool) -> set[str]:
    """Weighted nodes and all that depends on them (onward), or all that they depend on.

    Args:
        nodes: in the order of the walk; ONNX keeps a graph's nodes in topological order.
        onward: from inputs to outputs.
    """
    tensors: set[str] = set()
    reached: set[str] = set()
    for node in nodes:
        here, there = (node.input, node.output) if onward else (node.output, node.input)
        if node.op_type in WEIGHTED or tensors.intersection(here):
            reached.add(node.name)
            tensors.update(there)
    return reached
