"""Where a network's logits are."""

import onnx
from onnx import TensorProto, helper

from bundle.manifest import Output
from engine.heads import find_logits


def network(*last: str) -> onnx.ModelProto:
    """`x` through these operators to `predictions`; the tensor before the k-th is `t<k>`."""
    names = [f"t{index}" for index in range(len(last))] + ["predictions"]
    nodes = [
        helper.make_node(operator, [names[index]], [names[index + 1]])
        for index, operator in enumerate(last)
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3])
        for name in ("t0", "predictions")
    ]
    return helper.make_model(helper.make_graph(nodes, "head", values[:1], values[1:]))


def test_logits_enter_the_last_activation() -> None:
    assert find_logits(network("Neg", "Softmax"), Output(activation="softmax")) == "t1"
    assert find_logits(network("Sigmoid"), Output(activation="sigmoid")) == "t0"


def test_identities_after_the_activation_are_seen_through() -> None:
    model = network("Softmax", "Identity", "Identity")
    assert find_logits(model, Output(activation="softmax")) == "t0"


def test_a_network_without_activation_answers_its_logits() -> None:
    assert find_logits(network("Neg"), Output(activation="none")) == "predictions"


def test_probabilities_computed_in_another_way_have_no_logits() -> None:
    assert find_logits(network("Exp"), Output(activation="softmax")) is None
