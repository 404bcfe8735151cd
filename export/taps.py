"""Every layer's output, by its frozen path, while a model runs or is traced.

A Keras model that holds another (`inception_v3` inside a transfer model) cannot be asked for a
layer of the inner one: the two graphs of symbolic tensors are not connected. So the model is simply
called, once, with Keras's two call methods hooked: each layer that returns is recorded under the
path of the calls around it. The same hook serves eager runs (the reference) and the traced function
(the export), so a path means the same tensor in both.

Paths: `inception_v3/mixed5` is layer mixed5 inside inception_v3; `shared@1` is the second call of a
shared layer; `two:0` is the first of several outputs. Names are those of `names.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf
from keras import Layer, Operation

from export.names import frozen_names
from export.untyped import Nest, Tensor, Traced


@dataclass(frozen=True, slots=True)
class Tap:
    """One layer that was called.

    Args:
        path: frozen, unique in the model.
        operation: the layer, or the bare operation that is a node of a functional model.
        value: its output, (batch, …).
        leaf: it called no other layer.
    """

    path: str
    operation: Operation
    value: Tensor
    leaf: bool

    @property
    def keras_class(self) -> str:
        """The layer's class, e.g. Conv2D."""
        return type(self.operation).__name__

    @property
    def parameters(self) -> int:
        """How many weights it has, those of the layers inside it included."""
        return self.operation.count_params() if isinstance(self.operation, Layer) else 0


@dataclass(slots=True)
class _Frame:
    """One call in progress: the path up to it, and the names of what it may call."""

    path: str
    names: dict[int, str]
    model: bool
    children: int = 0


@dataclass(slots=True)
class Recorder:
    """Collects taps while it is installed by `tapping`."""

    taps: list[Tap] = field(default_factory=list)
    _frames: list[_Frame] = field(default_factory=list)
    _calls: Counter[str] = field(default_factory=Counter)

    def call(
        self, operation: Operation, original: Callable[..., Any], args: Nest, kwargs: Nest
    ) -> Nest:
        """Run one hooked call, recording it where it is a layer or a node of its model."""
        if not isinstance(operation, Layer):
            args, kwargs = tf.nest.map_structure(_constant, (args, kwargs))
        name = self._name(operation)
        if name is None:
            return original(operation, *args, **kwargs)
        parent = self._frames[-1] if self._frames else None
        path = f"{parent.path}/{name}" if parent and parent.path else name
        if parent is None:
            path = ""
        else:
            parent.children += 1
        frame = _Frame(path, _names_inside(operation), isinstance(operation, keras.Model))
        self._frames.append(frame)
        try:
            self._record_inputs(operation, frame, args, kwargs)
            outputs = original(operation, *args, **kwargs)
        finally:
            self._frames.pop()
        if parent is not None:
            self._record(path, operation, outputs, leaf=not frame.children)
        return outputs

    def _name(self, operation: Operation) -> str | None:
        """The operation's name in its frame; None for what layers use internally.

        Layers call bare operations under names that change at every trace; only those that are
        nodes of the enclosing functional model are named once and for all.
        """
        if not self._frames:
            return "" if isinstance(operation, keras.Model) else None
        name = self._frames[-1].names.get(id(operation))
        if name is None and isinstance(operation, Layer):
            return frozen_names([operation])[id(operation)]
        return name

    def _record_inputs(self, operation: Operation, frame: _Frame, args: Nest, kwargs: Nest) -> None:
        """A functional model never calls its input layers: what they pass on is the argument."""
        functional = _functional(operation)
        if functional is None:
            return
        values = tf.nest.flatten(args[0] if args else kwargs.get("inputs"))
        for tensor, value in zip(functional.inputs, values, strict=False):
            layer = tensor._keras_history.operation
            name = frame.names.get(id(layer))
            if name is not None:
                path = f"{frame.path}/{name}" if frame.path else name
                self._record(path, layer, value, leaf=True)

    def _record(self, path: str, operation: Operation, outputs: Nest, *, leaf: bool) -> None:
        """Add a tap for each tensor that the call gave."""
        count = self._calls[path]
        self._calls[path] += 1
        if count:
            path = f"{path}@{count}"
        tensors = [value for value in tf.nest.flatten(outputs) if tf.is_tensor(value)]
        for index, tensor in enumerate(tensors):
            name = path if len(tensors) == 1 else f"{path}:{index}"
            self.taps.append(Tap(name, operation, tensor, leaf))


@contextmanager
def tapping() -> Iterator[Recorder]:
    """Record every layer that the one model called inside the block calls.

    The hook replaces `Layer.__call__` and `Operation.__call__` of this Keras version (pinned in
    requirements/export.txt) for the time of the block; not for use in two threads at once.
    """
    recorder = Recorder()
    layer_call, operation_call = Layer.__call__, Operation.__call__

    def call_layer(self: Layer, *args: Nest, **kwargs: Nest) -> Nest:
        return recorder.call(self, layer_call, args, kwargs)

    def call_operation(self: Operation, *args: Nest, **kwargs: Nest) -> Nest:
        if isinstance(self, Layer):  # Layer.__call__ ends here; it was recorded there
            return operation_call(self, *args, **kwargs)
        return recorder.call(self, operation_call, args, kwargs)

    Layer.__call__, Operation.__call__ = call_layer, call_operation  # type: ignore[method-assign]  # the hook
    try:
        yield recorder
    finally:
        Layer.__call__, Operation.__call__ = layer_call, operation_call  # type: ignore[method-assign]  # undone


def _functional(operation: Operation) -> Traced | None:
    """The graph of symbolic tensors behind a functional or sequential model, if it has one."""
    if isinstance(operation, keras.Sequential):
        return operation._functional
    return operation if hasattr(operation, "operations") else None


def _names_inside(operation: Operation) -> dict[int, str]:
    """The frozen names of what a call may call, by identity."""
    functional = _functional(operation)
    if functional is not None:
        return frozen_names(functional.operations)
    if isinstance(operation, Layer):
        return frozen_names(operation._flatten_layers(include_self=False, recursive=False))
    return {}


def _constant(value: Nest) -> Nest:
    """An eager tensor as a constant of the graph being traced.

    A functional model keeps the arguments of its operations (the mean that VGG's preprocess_input
    adds); captured as they are, each would become an input of the exported graph.
    """
    if tf.is_tensor(value) and not tf.executing_eagerly() and hasattr(value, "numpy"):
        return tf.constant(value.numpy())
    return value
