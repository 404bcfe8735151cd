"""A request and its answer, whatever they travelled in: JSON, binary tensors, protobuf."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.protocol.datatypes import BYTES, datatype_of

Parameters = Mapping[str, str | int | float | bool]
PREDICTIONS = "predictions"
"""The output that every model has: FP32 (batch, classes), probabilities or logits as its manifest
says. All others are layers."""


def _none() -> Parameters:
    return {}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named tensor.

    Args:
        name: of an input or an output.
        datatype: one of `DATATYPES`.
        shape: with the batch.
        values: an array of that shape and type; of BYTES the elements in row-major order.
        parameters: what else was said of it.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: NDArray[Any] | list[bytes]
    parameters: Parameters = field(default_factory=_none)

    @classmethod
    def of_array(cls, name: str, values: NDArray[Any]) -> "Tensor":
        """A tensor of numbers."""
        return cls(name, datatype_of(values), values.shape, np.ascontiguousarray(values))

    @classmethod
    def of_elements(cls, name: str, shape: tuple[int, ...], elements: list[bytes]) -> "Tensor":
        """A tensor of BYTES."""
        assert prod(shape) == len(elements)  # noqa: S101  both are ours
        return cls(name, BYTES, shape, elements)


@dataclass(frozen=True, slots=True)
class WantedOutput:
    """An output that was asked for.

    Args:
        name: `predictions`, or a layer's path.
        classification: how many of the best classes are wanted as text instead; 0 for the numbers.
        binary: whether its bytes are to follow the JSON (HTTP alone; gRPC has its own way).
    """

    name: str
    classification: int = 0
    binary: bool = False


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What is to be inferred.

    Args:
        model: its name.
        version: a number or an alias; null for the default.
        id: the client's own, to be repeated.
        parameters: of the request: `timeout` in µs, and what this service does not know.
        inputs: in their order.
        outputs: null for what the model always answers.
        binary: whether outputs that `outputs` does not name follow as bytes.
    """

    model: str
    version: str | None
    id: str
    parameters: Parameters
    inputs: list[Tensor]
    outputs: list[WantedOutput] | None = None
    binary: bool = False

    @property
    def looks_inside(self) -> bool:
        """Whether it asks for layers, too."""
        return any(wanted.name != PREDICTIONS for wanted in self.outputs or ())


@dataclass(frozen=True, slots=True)
class InferResponse:
    """What was inferred; `outputs` in the order in which they were asked for."""

    model: str
    version: str
    id: str
    outputs: list[Tensor]
