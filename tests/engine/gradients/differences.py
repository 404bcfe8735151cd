"""Gradient graphs against central differences of the forward graph, in float64."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from engine.gradients import SEED, differentiate, gradient_name
from engine.sessions import open_session
from tests.engine.gradients.operators import OPERATORS

Array = NDArray[Any]
STEP = 1e-5


def network(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, Array] | None = None,
    outputs: Sequence[str] = ("y",),
    opset: int = 18,
) -> onnx.ModelProto:
    """A float64 graph.

    Args:
        nodes: in an order in which they can run.
        inputs: name → shape; a word is a dynamic axis.
        constants: name → value; floats are float64 already.
        outputs: all float64, of any shape.
        opset: the version of the operators.
    """
    kind = TensorProto.DOUBLE
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    del model.graph.output[:]
    model.graph.output.extend(inferred.graph.output)
    return model


def node(kind: str, inputs: str, outputs: str = "y", /, **attributes: Any) -> onnx.NodeProto:
    """`node("Add", "x b")`; a missing input is written `-`."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(kind, names, outputs.split(), **attributes)


class Pad(OpRun):
    """With negative pads, which the reference evaluator's own refuses."""

    def _run(
        self, data: Array, pads: Array, value: Array | None = None, axes: Array | None = None,
        mode: str | None = None,
    ) -> tuple[Array]:  # fmt: skip
        assert mode in (None, "constant")
        amounts = np.zeros((data.ndim, 2), int)
        listed = list(range(data.ndim)) if axes is None else [int(axis) for axis in axes]
        amounts[listed] = np.reshape(pads, (2, -1)).T
        framed = np.pad(data, np.maximum(amounts, 0), constant_values=value or 0)
        kept = [
            slice(max(0, -before), length - max(0, -after))
            for (before, after), length in zip(amounts, framed.shape, strict=True)
        ]
        return (framed[tuple(kept)],)


class Erf(OpRun):
    """In float64; the reference evaluator's own computes in float32."""

    def _run(self, x: Array) -> tuple[Array]:
        return (np.vectorize(math.erf, otypes=[x.dtype])(x),)


def evaluator(model: onnx.ModelProto) -> ReferenceEvaluator:
    """ONNX's reference evaluator, with what it does wrong in float64 put right."""
    return ReferenceEvaluator(model, new_ops=[Pad, Erf, *OPERATORS])


def draw(seed: int, *shape: int, low: float = -1.0, high: float = 1.0) -> Array:
    """float64, uniform, all different, and no value nearer than 0.002 to zero or a tenth."""
    values = np.random.default_rng(seed).uniform(low, high, shape)
    tenths = np.round(values, 1)
    near = np.abs(values - tenths) < 2e-3
    return np.where(near, tenths + np.copysign(2e-3, values - tenths), values)


def differences(
    model: onnx.ModelProto, feeds: Mapping[str, Array], wrt: str, target: str, seed: Array
) -> Array:
    """d(sum of seed · target)/d(wrt) by central differences, one element after the other."""
    forward = evaluator(model)

    def score(values: Array) -> float:
        (out,) = forward.run([target], {**feeds, wrt: values})
        return float((np.asarray(out) * seed).sum())

    x = feeds[wrt]
    slope = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        moved = x.copy()
        moved[index] = x[index] + STEP
        above = score(moved)
        moved[index] = x[index] - STEP
        slope[index] = (above - score(moved)) / (2 * STEP)
    return slope


def check_gradients(
    model: onnx.ModelProto,
    feeds: Mapping[str, Array],
    *,
    wrt: Sequence[str] | None = None,
    target: str = "y",
    seed: int = 0,
    reference: bool = True,
    rtol: float = 1e-6,
) -> dict[str, Array]:
    """Gradients of a float64 graph, checked in float64 and, as float32, in ONNX Runtime.

    Args:
        model: float64; operators that ONNX Runtime has in float32 only are no hindrance.
        feeds: every input of the graph, away from kinks.
        wrt: graph inputs; None takes all.
        target: an output of the graph.
        seed: of the random weights on the target's elements.
        reference: False where ONNX's reference evaluator is wrong about an operator of the backward
            graph; the float32 comparison stays.
        rtol: of the float64 comparison, relative to the largest gradient.

    Returns:
        The differences, by input.
    """
    wrt = list(feeds) if wrt is None else wrt
    (value,) = evaluator(model).run([target], dict(feeds))
    weights = np.random.default_rng(seed).uniform(0.5, 1.5, np.shape(value))
    expected = {name: differences(model, feeds, name, target, weights) for name in wrt}
    both = {**feeds, SEED: weights}
    names = [gradient_name(name) for name in wrt]
    graph = differentiate(model, target=target, wrt=wrt)
    onnx.checker.check_model(graph, full_check=True)
    if reference:
        found = evaluator(graph).run(names, both)
        _compare(expected, dict(zip(wrt, found, strict=True)), rtol, "float64")
    single = differentiate(as_float32(model), target=target, wrt=wrt)
    found = open_session(single, threads=1).run(names, {k: v.astype("f4") for k, v in both.items()})
    _compare(expected, dict(zip(wrt, found, strict=True)), 2e-5, "float32")
    return expected


def _compare(
    expected: Mapping[str, Array], found: Mapping[str, Any], rtol: float, kind: str
) -> None:
    """Shapes are equal, and values relative to the largest one."""
    for name, slope in expected.items():
        assert found[name].shape == slope.shape, (name, kind)
        scale = max(1e-3, float(np.abs(slope).max(initial=0)))
        np.testing.assert_allclose(
            found[name], slope, rtol=0, atol=rtol * scale, err_msg=f"{name} in {kind}"
        )


def as_float32(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with every float64 replaced by float32."""
    single = onnx.ModelProto()
    single.CopyFrom(model)
    graph = single.graph
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == TensorProto.DOUBLE:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    for tensor in graph.initializer:
        _to_float32(tensor)
    for each in graph.node:
        for attribute in each.attribute:
            if attribute.HasField("t"):
                _to_float32(attribute.t)
            if (
                each.op_type == "Cast"
                and attribute.name == "to"
                and attribute.i == TensorProto.DOUBLE
            ):
                attribute.i = TensorProto.FLOAT
    return single


def _to_float32(tensor: onnx.TensorProto) -> None:
    """In place, where it is float64."""
    if tensor.data_type == TensorProto.DOUBLE:
        values = numpy_helper.to_array(tensor).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def run(model: onnx.ModelProto, outputs: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
    """A float64 graph's outputs."""
    return [np.asarray(value) for value in evaluator(model).run(list(outputs), dict(feeds))]
