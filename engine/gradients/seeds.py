"""Where a gradient starts: dJ/d(target), by what J is."""

from typing import Literal, get_args

import numpy as np
import onnx

from engine.errors import GraphError
from engine.gradients.tensors import Tensors
from engine.gradients.writer import Writer

Seed = Literal["given", "top1", "activation"]
SEED = "seed"  # the graph input that says how much of each element of the target counts

_MATRIX_AXES = 2


def start(seed: Seed, target: str, tensors: Tensors, writer: Writer) -> str:
    """Write what the gradient starts with; returns its name.

    Raises:
        GraphError: `top1` of a target that is not (batch, classes).
    """
    if seed == "given":
        return SEED
    if seed == "activation":
        return writer.add("Mul", [SEED, target], 1, {})[0]
    return _top1(target, tensors, writer)


def seed_input(target: str, tensors: Tensors) -> onnx.ValueInfoProto:
    """The graph input SEED, of the target's type and shape."""
    return tensors.declared(SEED, target)


def check_seed(seed: str) -> None:
    """Raises ValueError for a seed that does not exist."""
    if seed not in get_args(Seed):
        raise ValueError(f"seed is one of {', '.join(get_args(Seed))}; got {seed!r}")


def _top1(target: str, tensors: Tensors, writer: Writer) -> str:
    """One where each picture's highest class is, the first of equals."""
    shape = tensors.shape(target)
    if len(shape) != _MATRIX_AXES or shape[1] is None:
        raise GraphError(f"the highest class is asked of (batch, classes); {target!r} is {shape}")
    classes = writer.constant(np.arange(shape[1], dtype=np.int64))
    (highest,) = writer.add("ArgMax", [target], 1, {"axis": 1, "keepdims": 1})
    (hit,) = writer.add("Equal", [classes, highest], 1, {})
    return writer.add("Cast", [hit], 1, {"to": tensors.type(target) or onnx.TensorProto.FLOAT})[0]
