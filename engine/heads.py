"""The network's last step: from logits to the prediction."""

import onnx

from bundle.manifest import Output
from engine.errors import TargetError

OPERATORS = {"softmax": "Softmax", "sigmoid": "Sigmoid"}


def find_logits(model: onnx.ModelProto, output: Output) -> str:
    """The tensor that enters the network's last softmax or sigmoid: (batch, classes).

    Raises:
        TargetError: the graph computes its probabilities in another way.
    """
    if output.activation == "none":
        return output.tensor
    producers = {name: node for node in model.graph.node for name in node.output}
    node = producers.get(output.tensor)
    while node is not None and node.op_type == "Identity":
        node = producers.get(node.input[0])
    if node is None or node.op_type != OPERATORS[output.activation]:
        raise TargetError(
            f"this network has no logits before its {output.activation}; ask for the probability"
        )
    return node.input[0]
