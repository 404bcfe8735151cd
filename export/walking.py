"""tf2onnx's search for used nodes, in one walk from all outputs instead of one walk for each.

tf2onnx prunes its graph after each of its two dozen optimisations, walking back from every output
on its own. A network with every layer an output has hundreds, and a third of a MobileNetV2's
conversion went there; for deeper networks more, as it grows with outputs times nodes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tf2onnx.graph import Graph

from export.untyped import Traced

Check = Callable[[Traced], bool] | None


def nodes_behind(
    graph: Traced,
    outputs_name: Sequence[str],
    input_checker: Check = None,
    remove_unused_inputs: bool = True,
) -> list[Traced]:
    """The nodes that any of the outputs needs; what `Graph.extract_sub_graph_nodes` returns."""
    roots = list(outputs_name)
    if not remove_unused_inputs:
        roots += [node.output[0] for node in graph.inputs]
    found: dict[Traced, None] = {}  # a set would order the graph otherwise at each run
    pending = [graph.get_node_by_output(name, search_in_parent_graphs=False) for name in roots]
    while pending:
        node = pending.pop()
        if not node or node in found or (input_checker and input_checker(node) is False):
            continue
        found[node] = None
        for name in (*node.input, *node.get_implicit_inputs()):
            pending.append(graph.get_node_by_output(name, search_in_parent_graphs=False))
    return list(found)


@contextmanager
def one_walk() -> Iterator[None]:
    """Let tf2onnx use it inside the block."""
    original = Graph.extract_sub_graph_nodes
    Graph.extract_sub_graph_nodes = nodes_behind  # type: ignore[method-assign]  # the hook
    try:
        yield
    finally:
        Graph.extract_sub_graph_nodes = original
