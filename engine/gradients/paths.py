"""How tensors of a graph hang together: what needs what, what is a copy of what."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set

import onnx

from engine.gradients.tensors import Tensors

Producers = dict[str, onnx.NodeProto]

# A layer's output is often a copy in the layout that Keras has. Where it stands on the path, the
# network may still compute on with the original elsewhere: tf2onnx leaves the squeeze of
# EfficientNet's blocks in Keras's layout and not the product with it.
_COPIES = frozenset({"Identity", "Transpose", "Cast"})
# These are layers of their own too: on the path, what follows them is theirs alone.
_RESHAPED = frozenset({"Flatten", "Reshape", "Squeeze", "Unsqueeze"})


def producers_of(nodes: Iterable[onnx.NodeProto]) -> Producers:
    """Every tensor's node."""
    return {name: node for node in nodes for name in node.output if name}


def reads(node: onnx.NodeProto) -> Iterator[str]:
    """What a node reads, the names that its sub-graphs capture included."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from reads(inner)


def ancestors(names: Iterable[str], producers: Producers) -> set[str]:
    """These tensors and all that they are computed from."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            if name in producers:
                pending.extend(reads(producers[name]))
    return found


def dependents(
    names: Iterable[str], nodes: Sequence[onnx.NodeProto], carries: Callable[[str], bool]
) -> set[str]:
    """These tensors and all that are computed from them through tensors that `carries` accepts.

    Args:
        names: where to begin.
        nodes: in an order in which they can run.
        carries: whether a tensor counts.
    """
    found = set(names)
    for node in nodes:
        if any(name in found for name in reads(node)):
            found.update(name for name in node.output if name and carries(name))
    return found


def copied_from(
    name: str, producers: Producers, tensors: Tensors, target: str, path: Set[str]
) -> tuple[str, list[onnx.NodeProto]]:
    """The tensor that this one is a copy of, and the nodes that made the copy, in order.

    Args:
        name: the copy, or no copy at all.
        producers: every tensor's node.
        tensors: a cast copies only from float to float.
        target: a tensor that is not looked behind.
        path: what the target is computed from, and itself.
    """
    chain: list[onnx.NodeProto] = []
    while name != target and name in producers:
        node = producers[name]
        copies = _COPIES if name in path else _COPIES | _RESHAPED
        if node.op_type not in copies or not tensors.carries_gradient(node.input[0]):
            break
        chain.append(node)
        name = node.input[0]
    return name, chain[::-1]
