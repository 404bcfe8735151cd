"""What `differentiate` builds, and what it refuses."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engine.errors import GraphError, NoGradientError, UnsupportedOperatorError
from engine.gradients import SEED, differentiate, gradient_name
from engine.graphs import prune
from engine.sessions import open_session
from tests.engine.gradients.differences import (
    as_float32,
    check_gradients,
    differences,
    draw,
    network,
    node,
    run,
)

MATRIX = {"w": draw(9, 3, 4)}


def dense(*more: onnx.NodeProto, outputs: tuple[str, ...] = ("y",)) -> onnx.ModelProto:
    """x (batch, 3) → hidden (batch, 4) → y, and what a test adds."""
    nodes = [node("MatMul", "x w", "hidden"), node("Softmax", "hidden", "y"), *more]
    return network(nodes, {"x": ["batch", 3]}, MATRIX, outputs)


def gradient_of(
    model: onnx.ModelProto, wrt: str, x: np.ndarray, seed: np.ndarray, target: str = "y"
) -> np.ndarray:
    graph = differentiate(model, target=target, wrt=[wrt])
    return run(graph, [gradient_name(wrt)], {"x": x, SEED: seed})[0]


def kinds(model: onnx.ModelProto) -> list[str]:
    return [each.op_type for each in model.graph.node]


def test_the_graph_keeps_its_outputs_and_is_not_changed() -> None:
    model = dense(outputs=("y", "hidden"))
    before = model.SerializeToString()
    graph = differentiate(model, target="hidden", wrt=["x", "hidden", "x"])
    assert model.SerializeToString() == before
    outputs = [value.name for value in graph.graph.output]
    assert outputs == ["y", "hidden", "gradient/x", "gradient/hidden"]
    shapes = [
        [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*graph.graph.output[2:], graph.graph.input[1])
    ]
    assert shapes == [["batch", 3], ["batch", 4], ["batch", 4]]
    assert [value.name for value in graph.graph.input] == ["x", SEED]


def test_a_new_graph_takes_any_batch() -> None:
    session = open_session(differentiate(as_float32(dense()), target="y", wrt=["x"]))
    for batch in (1, 2, 5):
        feeds = {"x": np.ones((batch, 3), np.float32), SEED: np.ones((batch, 4), np.float32)}
        assert session.run([gradient_name("x")], feeds)[0].shape == (batch, 3)


def test_a_tensor_used_several_times_has_the_sum() -> None:
    nodes = [
        node("Mul", "x x", "a"),
        node("Add", "a x", "b"),
        node("Mul", "b a", "c"),
        node("Sum", "a b c"),
    ]
    check_gradients(network(nodes, {"x": ["batch", 3]}), {"x": draw(1, 2, 3)})


def test_nothing_beside_the_path_is_written() -> None:
    nodes = [
        node("Mul", "x w", "a"),
        node("Det", "x", "unused"),
        node("Sigmoid", "a", "b"),
        node("Add", "b v"),
    ]
    shapes = {"x": [3, 3], "w": [3, 3], "v": [3, 3]}
    model = network(nodes, shapes)
    graph = differentiate(model, target="y", wrt=["a"])
    # 1 - b, times b, times the seed; the sum passes on what it gets.
    assert kinds(graph)[4:] == ["Sub", "Mul", "Mul", "Identity"]
    outputs = ["y", gradient_name("a")]
    pruned = prune(graph, outputs)
    assert len(pruned.graph.node) == len(graph.graph.node) - 1  # Det goes
    assert len(pruned.graph.initializer) == len(graph.graph.initializer)


def test_constants_are_written_once() -> None:
    nodes = [node("Relu", "x", "a"), node("Neg", "a", "b"), node("Relu", "b")]
    graph = differentiate(network(nodes, {"x": ["batch", 3]}), target="y", wrt=["x"])
    assert len(graph.graph.initializer) == 1


@pytest.mark.parametrize("target", ["y", "hidden", "x"])
def test_the_gradient_of_a_tensor_by_itself_is_the_seed(target: str) -> None:
    x = draw(1, 2, 3)
    seed = draw(2, 2, 3 if target == "x" else 4)
    assert np.array_equal(gradient_of(dense(), target, x, seed, target), seed)


def test_the_highest_class_is_found_in_the_graph() -> None:
    x = draw(3, 3, 3, low=-3, high=3)
    hidden = x @ MATRIX["w"]
    hot = np.eye(4)[hidden.argmax(axis=1)]
    expected = gradient_of(dense(outputs=("y", "hidden")), "x", x, hot, "hidden")
    graph = differentiate(dense(), target="hidden", wrt=["x"], seed="top1")
    assert [value.name for value in graph.graph.input] == ["x"]
    assert np.allclose(run(graph, [gradient_name("x")], {"x": x})[0], expected, atol=1e-12)
    assert len(set(hidden.argmax(axis=1))) > 1


def test_of_equal_classes_the_first_is_the_highest() -> None:
    model = network([node("Identity", "x")], {"x": ["batch", 3]})
    graph = differentiate(model, target="y", wrt=["x"], seed="top1")
    found = run(graph, [gradient_name("x")], {"x": np.array([[1.0, 2.0, 2.0]])})[0]
    assert found.tolist() == [[0, 1, 0]]


def test_the_highest_class_of_a_picture_is_refused() -> None:
    model = network([node("Relu", "x")], {"x": ["batch", 3, 4]})
    with pytest.raises(GraphError, match=r"of \(batch, classes\); 'y' is \(None, 3, 4\)"):
        differentiate(model, target="y", wrt=["x"], seed="top1")


def test_the_activation_seed_is_the_gradient_of_half_the_square() -> None:
    model, x = dense(outputs=("y", "hidden")), draw(4, 2, 3)
    mask = np.zeros((2, 4))
    mask[:, 1] = 1
    graph = differentiate(model, target="hidden", wrt=["x"], seed="activation")
    found = run(graph, [gradient_name("x")], {"x": x, SEED: mask})[0]
    square = network(
        [node("MatMul", "x w", "h"), node("Mul", "h h", "y")], {"x": ["batch", 3]}, MATRIX
    )
    assert np.allclose(found, differences(square, {"x": x}, "x", "y", mask / 2), atol=1e-8)


@pytest.mark.parametrize("leaf", ["Transpose", "Identity", "Cast"])
def test_a_copy_beside_the_path_has_the_gradient_of_the_original(leaf: str) -> None:
    attributes = {"Transpose": {"perm": [1, 0]}, "Cast": {"to": TensorProto.DOUBLE}}.get(leaf, {})
    copy = node(leaf, "hidden", "middle", **attributes)
    model = dense(copy, node("Identity", "middle", "layer"), outputs=("y", "layer"))
    x, seed = draw(1, 2, 3), draw(2, 2, 4)
    expected = gradient_of(model, "hidden", x, seed)
    found = gradient_of(model, "layer", x, seed)
    assert np.array_equal(found, expected.T if leaf == "Transpose" else expected)


def test_a_reshaped_copy_beside_the_path_has_its_shape() -> None:
    copy = node("Unsqueeze", "hidden axes", "layer")
    model = network(
        [node("MatMul", "x w", "hidden"), node("Softmax", "hidden"), copy],
        {"x": ["batch", 3]}, {**MATRIX, "axes": np.array([1, 3])}, ("y", "layer"),
    )  # fmt: skip
    x, seed = draw(1, 2, 3), draw(2, 2, 4)
    expected = gradient_of(model, "hidden", x, seed)
    assert np.array_equal(gradient_of(model, "layer", x, seed), expected[:, None, :, None])


def test_a_copy_on_the_path_has_the_gradient_of_the_value_wherever_it_is_used() -> None:
    """EfficientNet's blocks are so exported: one user reads the copy, the other the original."""
    nodes = [
        node("Sigmoid", "x", "inner"),
        node("Transpose", "inner", "layer", perm=[1, 0]),
        node("Transpose", "layer", "back", perm=[1, 0]),
        node("Mul", "back inner"),
    ]
    model = network(nodes, {"x": ["batch", 3]}, outputs=("y", "layer"))
    x, seed = draw(1, 2, 3), draw(2, 2, 3)
    inner = 1 / (1 + np.exp(-x))
    assert np.allclose(gradient_of(model, "layer", x, seed), (2 * inner * seed).T)
    assert np.allclose(gradient_of(model, "inner", x, seed), 2 * inner * seed)


def test_a_reshaped_layer_on_the_path_has_the_gradient_of_what_follows_it() -> None:
    nodes = [
        node("Sigmoid", "x", "inner"),
        node("Flatten", "inner", "layer"),
        node("Mul", "layer layer", "square"),
        node("Add", "square inner"),
    ]
    model = network(nodes, {"x": ["batch", 3]}, outputs=("y", "layer"))
    x, seed = draw(1, 2, 3), draw(2, 2, 3)
    inner = 1 / (1 + np.exp(-x))
    assert np.allclose(gradient_of(model, "layer", x, seed), 2 * inner * seed)


def test_a_copy_can_be_the_target() -> None:
    nodes = [
        node("Sigmoid", "x", "inner"),
        node("Transpose", "inner", "y", perm=[1, 0]),
        node("Transpose", "inner", "other", perm=[1, 0]),
    ]
    model = network(nodes, {"x": ["batch", 3]}, outputs=("y", "other"))
    x, seed = draw(1, 2, 3), draw(2, 3, 2)
    inner = 1 / (1 + np.exp(-x))
    assert np.allclose(gradient_of(model, "x", x, seed), seed.T * inner * (1 - inner))
    assert np.array_equal(gradient_of(model, "y", x, seed), seed)
    assert np.array_equal(gradient_of(model, "other", x, seed), seed)
    assert np.array_equal(gradient_of(model, "inner", x, seed), seed.T)


def test_an_operator_without_a_rule_is_named() -> None:
    model = network([node("Sigmoid", "x", "a"), node("Det", "a")], {"x": ["batch", 2, 2]})
    with pytest.raises(UnsupportedOperatorError, match=r"the operator Det that computes 'y'"):
        differentiate(model, target="y", wrt=["x"])


def test_an_operator_of_another_domain_has_no_rule_of_ours() -> None:
    model = network([node("Relu", "x")], {"x": ["batch", 2]})
    model.graph.node[0].domain = "elsewhere"
    model.opset_import.append(helper.make_opsetid("elsewhere", 1))
    with pytest.raises(UnsupportedOperatorError, match=r"elsewhere\.Relu"):
        differentiate(model, target="y", wrt=["x"])


def test_weights_that_are_computed_are_no_wrong_number() -> None:
    nodes = [node("Greater", "x zero", "on"), node("Pad", "x pads edge", "y")]
    constants = {"zero": np.array(0.0), "pads": np.array([0, 1, 0, 1])}
    model = network(nodes[1:], {"x": ["batch", 3], "edge": []}, constants)
    with pytest.raises(UnsupportedOperatorError, match=r"input 2 \('edge'\) of the operator Pad"):
        differentiate(model, target="y", wrt=["edge"])


def test_a_loop_or_a_branch_on_the_path_is_refused() -> None:
    inner = helper.make_graph(
        [helper.make_node("Neg", ["a"], ["b"])], "branch", [],
        [helper.make_tensor_value_info("b", TensorProto.DOUBLE, ["batch", 3])],
    )  # fmt: skip
    nodes = [
        node("Sigmoid", "x", "a"),
        helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner),
    ]
    model = network(nodes, {"x": ["batch", 3]}, {"c": np.array(True)})
    with pytest.raises(UnsupportedOperatorError, match=r"the operator If that computes 'y'"):
        differentiate(model, target="y", wrt=["x"])


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Shape", "x", "a"), node("Cast", "a", to=TensorProto.DOUBLE)],
        [node("ArgMax", "x", "a"), node("Cast", "a", to=TensorProto.DOUBLE)],
        [node("Cast", "x", "a", to=TensorProto.INT32), node("Cast", "a", to=TensorProto.DOUBLE)],
        [node("Greater", "x zero", "a"), node("Where", "a zero zero")],
        [node("Sigmoid", "x", "a"), node("Round", "a")],
        [node("Identity", "zero")],
    ],
)
def test_a_path_through_whole_numbers_is_no_path(nodes: list[onnx.NodeProto]) -> None:
    model = network(nodes, {"x": ["batch", 3]}, {"zero": np.array([0.0])})
    with pytest.raises(NoGradientError, match=r"'y' does not depend differentiably on 'x'"):
        differentiate(model, target="y", wrt=["x"])


def test_whole_numbers_have_no_gradient() -> None:
    model = dense(node("Shape", "x", "shape"))
    with pytest.raises(NoGradientError, match=r"'shape' holds no real numbers"):
        differentiate(model, target="y", wrt=["shape"])


def test_an_unknown_tensor_is_named() -> None:
    for target, wrt in (("y", "nothing"), ("nothing", "x")):
        with pytest.raises(GraphError, match=r"no tensor 'nothing'"):
            differentiate(dense(), target=target, wrt=[wrt])


def test_names_that_are_taken() -> None:
    taken = dense(node("Neg", "x", "seed"), node("Neg", "x", "backward/Sub_1"))
    with pytest.raises(GraphError, match=r"a tensor 'seed' already"):
        differentiate(taken, target="y", wrt=["x"])
    twice = differentiate(dense(), target="y", wrt=["x"])
    with pytest.raises(GraphError, match=r"a tensor 'gradient/x' already"):
        differentiate(twice, target="y", wrt=["x"], seed="top1")
    again = differentiate(twice, target="y", wrt=["hidden"], seed="top1")
    onnx.checker.check_model(again, full_check=True)


def test_an_old_graph_is_refused() -> None:
    model = network([node("Relu", "x")], {"x": ["batch", 3]}, opset=13)
    with pytest.raises(GraphError, match=r"gradients need opset 18, the graph has \[13\]"):
        differentiate(model, target="y", wrt=["x"])


def test_a_seed_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="seed is one of given, top1, activation; got 'top5'"):
        differentiate(dense(), target="y", wrt=["x"], seed="top5")  # type: ignore[arg-type]  on purpose
