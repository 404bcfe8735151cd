"""Which layers the prediction depends on differentiably, read off the exported graph."""

import onnx

# Their derivative is zero or undefined everywhere, or they give whole numbers.
STEPS = {
    "And", "ArgMax", "ArgMin", "Ceil", "Equal", "Floor", "Greater", "GreaterOrEqual", "If", "IsInf",
    "IsNaN", "Less", "LessOrEqual", "Loop", "NonZero", "Not", "OneHot", "Or", "Round", "Scan",
    "Shape", "Sign", "Size", "Xor",
}  # fmt: skip
# Operators whose later inputs are shapes, indices or limits.
FIRST_INPUT_ONLY = {"Clip", "Expand", "Gather", "GatherElements", "GatherND", "Pad", "Reshape",
                    "Resize", "Slice", "Split", "Squeeze", "Tile", "TopK", "Unsqueeze",
                    "ReduceMean", "ReduceSum", "ReduceMax"}  # fmt: skip
# What separates a layer's named output from the tensor that the network computes with.
ALIASES = {"Identity", "Transpose", "Cast"}


def differentiable_outputs(model: onnx.ModelProto, prediction: str) -> set[str]:
    """The outputs from which a differentiable path leads to the prediction.

    Where the converter absorbed a layer into the next operator (zero padding into a convolution),
    the layer's output is computed beside the path, only to be shown: it is not among them.
    """
    producers = {name: node for node in model.graph.node for name in node.output}
    reached: set[str] = set()
    pending = [prediction]
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        node = producers.get(name)
        if node is None or node.op_type in STEPS or _to_integers(node):
            continue
        inputs = node.input[:1] if node.op_type in FIRST_INPUT_ONLY else node.input
        if node.op_type == "Where":
            inputs = node.input[1:]
        pending.extend(inputs)
    found: set[str] = set()
    for output in model.graph.output:
        if _sources(output.name, producers) & reached:
            found.add(output.name)
    return found


def _sources(name: str, producers: dict[str, onnx.NodeProto]) -> set[str]:
    """A tensor and those that it is a copy of."""
    names = {name}
    node = producers.get(name)
    while node is not None and node.op_type in ALIASES and not _to_integers(node):
        names.add(node.input[0])
        node = producers.get(node.input[0])
    return names


def _to_integers(node: onnx.NodeProto) -> bool:
    """Whether a cast leaves the real numbers."""
    if node.op_type != "Cast":
        return False
    kinds = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    return any(part.name == "to" and part.i not in kinds for part in node.attribute)
