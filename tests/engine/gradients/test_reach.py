"""Which tensors have a gradient: exactly those that `differentiate` can give."""

import numpy as np
import onnx
from onnx import TensorProto

from engine.errors import EngineError
from engine.gradients import differentiate
from engine.gradients.reach import differentiable
from tests.engine.gradients.differences import draw, network, node

CONSTANTS = {"w": draw(1, 3, 3), "two": np.array(2.0), "pads": np.array([0, 1, 0, 1])}


def reach_of(nodes: list[onnx.NodeProto]) -> tuple[set[str], set[str]]:
    """What reach says of all tensors, and those that can be differentiated."""
    outputs = [name for each in nodes for name in each.output]
    model = network(nodes, {"x": ["batch", 3]}, CONSTANTS)
    before = model.SerializeToString()
    said = differentiable(model, "y", ["x", *outputs])
    assert model.SerializeToString() == before
    done: set[str] = set()
    for name in ["x", *outputs]:
        try:
            differentiate(model, target="y", wrt=[name])
        except EngineError:
            continue
        done.add(name)
    return said, done


def test_everything_on_a_smooth_path_and_its_copies() -> None:
    said, done = reach_of([
        node("MatMul", "x w", "a"), node("Transpose", "a", "leaf"), node("Neg", "a", "beside"),
        node("Softmax", "a"),
    ])  # fmt: skip
    assert said == done == {"x", "a", "leaf", "y"}


def test_rounding_ends_the_path() -> None:
    said, done = reach_of([node("Neg", "x", "a"), node("Round", "a", "b"), node("Exp", "b")])
    assert said == done == {"b", "y"}


def test_whole_numbers_end_the_path() -> None:
    said, done = reach_of([
        node("Neg", "x", "a"), node("ArgMax", "a", "b"),
        node("Cast", "b", "c", to=TensorProto.DOUBLE), node("Exp", "c"),
    ])  # fmt: skip
    assert said == done == {"c", "y"}


def test_an_operator_without_a_rule_ends_the_path() -> None:
    said, done = reach_of([node("Neg", "x", "a"), node("Atan", "a", "b"), node("Exp", "b")])
    assert said == done == {"b", "y"}


def test_a_gradient_of_which_a_part_is_lost_is_none() -> None:
    said, done = reach_of([
        node("Neg", "x", "a"), node("Neg", "a", "b"), node("Atan", "b", "c"), node("Add", "a c"),
    ])  # fmt: skip
    assert said == done == {"c", "y"}


def test_a_rule_that_refuses_ends_the_path() -> None:
    said, done = reach_of([
        node("Neg", "x", "a"), node("Pad", "a pads", "b", mode="reflect"), node("Exp", "b"),
    ])  # fmt: skip
    assert said == done == {"b", "y"}


def test_what_depends_on_the_shape_alone_is_no_obstacle_and_no_layer() -> None:
    said, done = reach_of([
        node("Neg", "x", "a"), node("Shape", "a", "shape"),
        node("Cast", "shape", "sizes", to=TensorProto.DOUBLE), node("ReduceProd", "sizes", "count"),
        node("Div", "a count"),
    ])  # fmt: skip
    assert said == {"x", "a", "y"} == done - {"count"}
