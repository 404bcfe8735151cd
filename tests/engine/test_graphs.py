"""Pruning graphs, and refusing weights outside their folder."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bundle.repository import INSPECT, PREDICT, Bundle
from engine.errors import GraphError
from engine.graphs import constant_bytes, load_graph, prune, with_float_input, with_output
from engine.sessions import open_session


def branching_graph() -> onnx.ModelProto:
    """Two branches of one input, each with a weight of its own; an If captures one of them."""
    then = helper.make_graph(
        [helper.make_node("Identity", ["left"], ["chosen"])],
        "then",
        [],
        [helper.make_tensor_value_info("chosen", TensorProto.FLOAT, None)],
    )
    other = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["negated"])],
        "else",
        [],
        [helper.make_tensor_value_info("negated", TensorProto.FLOAT, None)],
    )
    nodes = [
        helper.make_node("Mul", ["x", "a"], ["left"]),
        helper.make_node("Mul", ["x", "b"], ["right"]),
        helper.make_node("If", ["always"], ["either"], then_branch=then, else_branch=other),
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch"])
        for name in ("left", "right", "either")
    ]
    weights = [
        numpy_helper.from_array(np.array([2], np.float32), "a"),
        numpy_helper.from_array(np.array([3], np.float32), "b"),
        numpy_helper.from_array(np.array(True), "always"),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch"])]
    graph = helper.make_graph(nodes, "branches", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_pruning_keeps_one_branch_and_its_weights_alone() -> None:
    pruned = prune(branching_graph(), ["right"])
    assert [node.output[0] for node in pruned.graph.node] == ["right"]
    assert [tensor.name for tensor in pruned.graph.initializer] == ["b"]
    assert [output.name for output in pruned.graph.output] == ["right"]
    onnx.checker.check_model(pruned, full_check=True)


def test_pruning_follows_what_a_sub_graph_captures() -> None:
    pruned = prune(branching_graph(), ["either"])
    assert {node.output[0] for node in pruned.graph.node} == {"left", "either"}
    assert {tensor.name for tensor in pruned.graph.initializer} == {"a", "always"}


def test_outputs_come_in_the_order_asked() -> None:
    pruned = prune(branching_graph(), ["right", "left"])
    assert [output.name for output in pruned.graph.output] == ["right", "left"]


def test_pruning_leaves_the_original_alone() -> None:
    model = branching_graph()
    before = model.SerializeToString()
    prune(model, ["left"])
    assert model.SerializeToString() == before


def test_an_unknown_output_is_named() -> None:
    with pytest.raises(GraphError, match="no output 'middle'"):
        prune(branching_graph(), ["left", "middle"])


def test_levels_between_whole_ones_reach_a_network_of_uint8(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    model = load_graph(colours.path(INSPECT))
    before = model.SerializeToString()
    floating = with_float_input(model, "image")
    assert model.SerializeToString() == before
    session = open_session(prune(floating, ["pool"]), folder=colours.folder)
    levels = colour_pictures.astype(np.float32) + 0.25
    (pool,) = session.run(["pool"], {"image": levels})
    np.testing.assert_allclose(pool, levels.mean((1, 2)) / 255, rtol=1e-5)


def test_an_inner_tensor_becomes_an_output_once() -> None:
    model = branching_graph()
    del model.graph.output[0]
    named = with_output(model, "left", 3)
    assert [output.name for output in named.graph.output] == ["right", "either", "left"]
    assert with_output(named, "left", 3) is named


def test_a_constant_counts_for_every_node_that_reads_it_and_none_without(colours: Bundle) -> None:
    model = branching_graph()
    assert constant_bytes(model) == 4 + 4 + 1
    model.graph.node.append(helper.make_node("Mul", ["right", "b"], ["more"]))
    assert constant_bytes(model) == 4 + 4 + 4 + 1
    assert constant_bytes(prune(model, ["left"])) == 4
    stored = load_graph(colours.path(INSPECT))
    assert constant_bytes(stored) >= colours.path("weights.bin").stat().st_size


def test_a_text_file_is_not_a_graph(tmp_path: Path) -> None:
    path = tmp_path / "predict.onnx"
    path.write_text("not a graph, but long enough to look like one")
    with pytest.raises(GraphError, match="not an ONNX graph; export the model again"):
        load_graph(path)


def test_weights_stay_outside_a_loaded_graph(colours: Bundle) -> None:
    model = load_graph(colours.path(INSPECT))
    kernel = next(t for t in model.graph.initializer if t.name == "kernel")
    assert kernel.data_location == TensorProto.EXTERNAL
    assert not kernel.raw_data


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "a/../../weights.bin"])
def test_weights_outside_the_folder_are_refused(colours: Bundle, location: str) -> None:
    path = colours.path(PREDICT)
    model = onnx.load_model(str(path), load_external_data=False)
    kernel = next(t for t in model.graph.initializer if t.name == "kernel")
    kernel.external_data[0].value = location
    path.write_bytes(model.SerializeToString())
    with pytest.raises(GraphError, match="outside its folder"):
        load_graph(path)


def test_a_link_out_of_the_folder_is_refused(colours: Bundle, tmp_path: Path) -> None:
    outside = tmp_path / "outside.bin"
    colours.path("weights.bin").rename(outside)
    colours.path("weights.bin").symlink_to(outside)
    with pytest.raises(GraphError, match="outside its folder"):
        load_graph(colours.path(PREDICT))
