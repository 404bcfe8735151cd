"""The network's last step: from logits to the prediction."""

import onnx

from bundle.manifest import Output

OPERATORS = {"softmax": "Softmax", "sigmoid": "Sigmoid"}


def find_logits(model: onnx.ModelProto, output: Output) -> str | None:
    """The tensor that enters the network's last softmax or sigmoid: (batch, classes).

    None where the graph computes its probabilities in another way.
    """
    if output.activation == "none":
        return output.tensor
    producers = {name: node for node in model.graph.node for name in node.output}
    node = producers.get(output.tensor)
    while node is not None and node.op_type == "Identity":
        node = producers.get(node.input[0])
    if node is None or node.op_type != OPERATORS[output.activation]:
        return None
    return node.input[0]
