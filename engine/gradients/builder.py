"""The backward graph, appended to a forward one."""

from collections.abc import Iterable, Sequence, Set

import onnx
from onnx import helper

from engine.errors import GraphError, NoGradientError
from engine.gradients import seeds
from engine.gradients.paths import (
    ancestors,
    copied_from,
    dependents,
    producers_of,
    reads,
)
from engine.gradients.seeds import SEED, Seed
from engine.gradients.step import ReluRule, Way
from engine.gradients.stepping import check_opset, step_back
from engine.gradients.tensors import Tensors
from engine.gradients.writer import Writer


def gradient_name(tensor: str) -> str:
    """The output that holds a tensor's gradient."""
    return f"gradient/{tensor}"


def differentiate(
    model: onnx.ModelProto,
    *,
    target: str,
    wrt: Sequence[str],
    seed: Seed = "given",
    rule: ReluRule = "gradient",
) -> onnx.ModelProto:
    """The same graph with the backward graph appended; the batch stays dynamic.

    A tensor that is a copy of another (a Transpose or an Identity, on the path or beside it) has
    the gradient of the value, whichever copy the network computes on with.

    Args:
        model: opset 18 or later; it is not changed, and its weights may lie in their own file.
        target: a float tensor of the graph.
        wrt: float tensors: inputs of the graph, layers' outputs, inner tensors.
        seed: `given` adds the graph input SEED, shaped as the target: J = sum of SEED · target.
            `top1` adds none: J = the highest class of each picture, of a target (batch, classes).
            `activation` adds SEED as a mask: the gradient starts as SEED · target's own value, the
            Deep Visualization Toolbox's seed: J = half the sum of SEED · target².
        rule: how rectifiers pass a gradient: the true `gradient`, `deconvnet` (Zeiler and Fergus,
            2014) or `guided` (Springenberg et al., 2015).

    Returns:
        The graph; its outputs are those it had and `gradient_name(t)` for each t of `wrt`, shaped
        as t.

    Raises:
        UnsupportedOperatorError: an operator between `wrt` and `target` has no rule.
        NoGradientError: no differentiable path leads from one of `wrt` to `target`.
        GraphError: no such tensor, or something must be static that is not.
    """
    seeds.check_seed(seed)
    return _Builder(model, target, list(dict.fromkeys(wrt)), seed, rule).build()


class _Builder:
    """One call of `differentiate`."""

    def __init__(
        self, model: onnx.ModelProto, target: str, wrt: Sequence[str], seed: Seed, rule: ReluRule
    ) -> None:
        check_opset(model)
        self._model = onnx.ModelProto()
        self._model.CopyFrom(model)
        self._target, self._wrt = target, wrt
        self._seed: Seed = seed
        self._nodes = list(self._model.graph.node)
        self._producers = producers_of(self._nodes)
        self._tensors = Tensors(model)
        self._check_names()
        self._writer = Writer(self._names())
        self._way = Way(rule, self._tensors, self._writer)
        self._gradients: dict[str, list[str]] = {}
        self._shaped_as: dict[str, str] = {}  # a gradient → the tensor of which it is one

    def build(self) -> onnx.ModelProto:
        """The graph with its gradients."""
        path = ancestors([self._target], self._producers)
        sources = {
            name: copied_from(name, self._producers, self._tensors, self._target, path)
            for name in self._wrt
        }
        begin = [source for source, _ in sources.values()]
        active = path & dependents(begin, self._nodes, self._tensors.carries_gradient)
        first = seeds.start(self._seed, self._target, self._tensors, self._writer)
        self._gradients[self._target] = [first]
        for node in reversed(self._nodes):
            self._go_back(node, active)
        for name, (source, chain) in sources.items():
            self._finish(name, source, chain)
        self._append()
        return self._model

    def _go_back(self, node: onnx.NodeProto, active: Set[str]) -> None:
        """From a node's outputs to its inputs."""
        outputs = [self._take(name) for name in node.output]
        if any(outputs) and not active.isdisjoint(reads(node)):
            for name, gradient in step_back(node, outputs, active, self._way):
                self._gradients.setdefault(name, []).append(gradient)
                self._shaped_as[gradient] = name

    def _take(self, name: str) -> str | None:
        """A tensor's gradient: the sum of what came from everywhere it is used."""
        parts = self._gradients.get(name, [])
        if len(parts) > 1:
            parts[:] = self._writer.add("Sum", parts, 1, {})
        return parts[0] if parts else None

    def _finish(self, name: str, source: str, chain: Iterable[onnx.NodeProto]) -> None:
        """Name a gradient, laid out as the copy that was asked for."""
        gradient = self._take(source)
        if gradient is None:
            raise NoGradientError(f"{self._target!r} does not depend differentiably on {name!r}")
        for node in chain:
            (output,) = self._writer.add(node.op_type, [gradient, *node.input[1:]], 1, {})
            self._writer.nodes[-1].attribute.extend(node.attribute)
            gradient = output
        self._writer.nodes.append(helper.make_node("Identity", [gradient], [gradient_name(name)]))

    def _append(self) -> None:
        """Put the backward graph behind the forward one."""
        names = [gradient_name(name) for name in self._wrt]
        self._writer.prune(names)
        graph = self._model.graph
        graph.node.extend(self._writer.nodes)
        graph.initializer.extend(self._writer.constants)
        # ONNX Runtime does not infer all of these: it loses the name of the batch axis in Expand,
        # then cannot tell that two gradients have one shape. With it, EfficientNet-Lite0's nine
        # sums of gradients fuse into convolutions.
        written = {name for node in self._writer.nodes for name in node.output}
        graph.value_info.extend(
            self._tensors.declared(gradient, self._shaped_as[gradient])
            for gradient in sorted(written & self._shaped_as.keys())
        )
        if self._seed != "top1":
            graph.input.append(seeds.seed_input(self._target, self._tensors))
        graph.output.extend(self._tensors.declared(gradient_name(name), name) for name in self._wrt)

    def _names(self) -> set[str]:
        """Every name of the forward graph."""
        graph = self._model.graph
        return {
            *(value.name for value in (*graph.input, *graph.initializer)),
            *(name for node in graph.node for name in (node.name, *node.output, *reads(node))),
        }

    def _check_names(self) -> None:
        """The tensors exist and hold real numbers, and the new names are free."""
        names = self._names()
        for name in (self._target, *self._wrt):
            if name not in names:
                raise GraphError(f"the graph has no tensor {name!r}")
            if not self._tensors.carries_gradient(name):
                raise NoGradientError(f"{name!r} holds no real numbers: it has no gradient")
        new = [gradient_name(name) for name in self._wrt]
        taken = names.intersection(new if self._seed == "top1" else [*new, SEED])
        if taken:
            raise GraphError(
                f"the graph has a tensor {min(taken)!r} already, a name that gradients need; "
                "rename the layer and export the model again"
            )
