"""The model's last activation: what its numbers mean."""

from dataclasses import dataclass
from typing import Literal

import keras

from export.errors import ModelError, SettingsError
from export.untyped import Setting, Tensor

Activation = Literal["softmax", "sigmoid", "none"]

REGRESSION_LOSSES = {
    "cosine_similarity", "huber", "log_cosh", "logcosh", "mae", "mape", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "mse", "msle", "poisson",
}  # fmt: skip
# log_softmax is a logit as good as any: softmax of it gives the same probabilities.
MEANINGS: dict[str, Activation] = {
    "softmax": "softmax",
    "sigmoid": "sigmoid",
    "linear": "none",
    "log_softmax": "none",
}
TRANSPARENT = {"Dropout", "Flatten", "Identity", "Reshape"}
"""Layers after which an activation is still the last one."""


@dataclass(frozen=True, slots=True)
class Head:
    """How the model's output becomes the prediction.

    Args:
        units: of the model's last layer.
        activation: of the prediction, the appended one included.
        append: what the export appends to the model's output.
    """

    units: int
    activation: Activation
    append: Literal["softmax", "sigmoid"] | None = None

    @property
    def binary(self) -> bool:
        """One sigmoid unit p, which is published as the two classes 1 - p and p."""
        return self.units == 1

    @property
    def classes(self) -> int:
        """How many scores a prediction has."""
        return 2 if self.binary else self.units


def decide_head(
    found: Activation, units: int, stated: Literal["softmax", "sigmoid"] | None
) -> Head:
    """The head from what the model ends in and what the user states.

    Raises:
        SettingsError: the statement contradicts the model.
        ModelError: a regression model, or a softmax over one unit.
    """
    if stated and found not in ("none", stated):
        raise SettingsError(f"the model already ends in {found}; leave out --activation {stated}")
    append = stated if found == "none" else None
    activation: Activation = append or found
    if units == 1 and activation == "none":
        raise ModelError(
            "the model ends in one linear unit, as a regression model does, and only classifiers "
            "can be exported; if it is a two-class model trained from logits, add "
            "--activation sigmoid"
        )
    if units == 1 and activation == "softmax":
        raise ModelError(
            "a softmax over one unit always answers 1; train with a sigmoid, or with two units"
        )
    return Head(units, activation, append)


def find_activation(model: keras.Model) -> Activation:
    """What the model's output passed through last, in nested models too.

    Raises:
        ModelError: an activation that no classifier ends in, or a regression loss on a linear head.
    """
    name = _last_activation(model.outputs[0])
    if name not in MEANINGS:
        raise ModelError(
            f"the model ends in the activation {name!r}; expected softmax, sigmoid, or none "
            "(logits)"
        )
    loss = _loss_name(getattr(model, "loss", None))
    if name == "linear" and loss in REGRESSION_LOSSES:
        raise ModelError(
            f"the model has a linear output and was compiled with the loss {loss}, so it is a "
            "regression model, and only classifiers can be exported"
        )
    return MEANINGS[name]


def _last_activation(tensor: Tensor) -> str:
    """Walk back from a symbolic tensor to the operation that decides."""
    while True:
        history = tensor._keras_history
        operation = history.operation
        inner = getattr(operation, "outputs", None)
        if isinstance(operation, keras.Model) and inner:
            tensor = inner[history.tensor_index]
        elif type(operation).__name__ in TRANSPARENT:
            tensor = operation._inbound_nodes[history.node_index].input_tensors[0]
        else:
            return _activation_of(operation)


def _activation_of(operation: keras.Operation) -> str:
    """The name of what a layer or an operation applies last; linear where it applies nothing."""
    kind = type(operation).__name__.lower().replace("_", "")
    by_class = {"softmax": "softmax", "sigmoid": "sigmoid", "logsoftmax": "log_softmax"}
    if kind in by_class:
        return by_class[kind]
    if not isinstance(operation, keras.Layer):
        return "linear"
    activation = getattr(operation, "activation", None)
    if activation is None:
        return "linear" if kind != "relu" else "relu"
    return str(getattr(activation, "__name__", type(activation).__name__)).lower()


def _loss_name(loss: Setting) -> str:
    """A compiled loss in snake case, whatever form it was given in; "" without one."""
    if isinstance(loss, (list, tuple)):
        loss = loss[0] if loss else None
    if isinstance(loss, dict):
        loss = next(iter(loss.values()), None)
    if loss is None:
        return ""
    if isinstance(loss, str):
        text = loss
    else:
        text = str(getattr(loss, "name", None) or getattr(loss, "__name__", ""))
    return text.lower().removesuffix("_loss")
