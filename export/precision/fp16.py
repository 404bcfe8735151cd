"""The fp16 variant, for devices that compute in half precision."""

from collections.abc import Iterable

import numpy as np
import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16

from engine.arrays import Pixels
from engine.graphs import prune
from engine.sessions import open_session
from export.precision.body import ends

LARGEST = 32768.0
"""Half of float16's largest value: other pictures may reach twice what these did."""


def halve(model: onnx.ModelProto, pictures: Iterable[Pixels]) -> onnx.ModelProto:
    """The network in float16; its input, preprocessing, softmax and output stay as they are.

    Nodes that take or give values near the end of float16's range stay in float32 too.

    Args:
        model: prepared, weights inside.
        pictures: (height, width, channels) each; a few, to see how large values get.
    """
    kept = [*ends(model), *_large(model, pictures)]
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    halved = convert_float_to_float16(copy, keep_io_types=True, node_block_list=kept)
    outputs = [output.name for output in model.graph.output]
    return prune(_in_order(_without_detours(halved)), outputs)


def _large(model: onnx.ModelProto, pictures: Iterable[Pixels]) -> list[str]:
    """Names of the nodes with a value near the end of float16's range."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    names = [name for node in model.graph.node for name in node.output if name]
    declared = {output.name for output in model.graph.output}
    probe.graph.output.extend(
        onnx.helper.make_empty_tensor_value_info(name) for name in names if name not in declared
    )
    session = open_session(probe)
    large: set[str] = set()
    for pixels in pictures:
        values = session.run(names, {model.graph.input[0].name: pixels[np.newaxis]})
        for name, value in zip(names, values, strict=True):
            if value.dtype == np.float32 and np.abs(value).max(initial=0) > LARGEST:
                large.add(name)
    return [
        node.name for node in model.graph.node if large.intersection([*node.input, *node.output])
    ]


def _without_detours(model: onnx.ModelProto) -> onnx.ModelProto:
    """Between two nodes that stay in float32 nothing goes through float16.

    The converter casts down behind each of them and up before the next, and a level of 200 has no
    digits below 1/8 in float16.
    """
    made = {node.output[0]: node for node in model.graph.node if node.op_type == "Cast"}
    for node in made.values():
        down = made.get(node.input[0])
        if down is None or _target(node) != onnx.TensorProto.FLOAT:
            continue
        if _target(down) == onnx.TensorProto.FLOAT16:
            node.input[0] = down.input[0]
            node.op_type = "Identity"
            del node.attribute[:]
    return model


def _target(cast: onnx.NodeProto) -> int:
    """The type that a Cast gives."""
    return next((attribute.i for attribute in cast.attribute if attribute.name == "to"), 0)


def _in_order(model: onnx.ModelProto) -> onnx.ModelProto:
    """The nodes in topological order again: the converter adds its casts at the end."""
    waiting = list(model.graph.node)
    made = {value.name for value in (*model.graph.input, *model.graph.initializer)} | {""}
    ordered: list[onnx.NodeProto] = []
    while waiting:
        ready = [node for node in waiting if made.issuperset(node.input)]
        made.update(name for node in ready for name in node.output)
        taken = {id(node) for node in ready}
        ordered += ready
        waiting = [node for node in waiting if id(node) not in taken]
    del model.graph.node[:]
    model.graph.node.extend(ordered)
    return model
