"""Network → ONNX graph, every layer a named output."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

from export.errors import ConversionError
from export.network import Network
from export.silence import silenced
from export.surgery import bind_captures, name_batch_axis, rename_values
from export.taps import tapping
from export.untyped import Tensor
from export.walking import one_walk

OPSET = 18
INPUT = "image"
OUTPUT = "predictions"


@dataclass(frozen=True, slots=True)
class TracedLayer:
    """A layer as it was traced.

    Args:
        path: its frozen name.
        keras_class: e.g. Conv2D.
        parameters: how many weights it has.
        shape: of one image, as far as it is static.
        tensor: the name of the graph's output.
    """

    path: str
    keras_class: str
    parameters: int
    shape: tuple[int, ...]
    tensor: str


@dataclass(frozen=True, slots=True)
class Converted:
    """The whole network as ONNX: `image` → `predictions` and every layer."""

    model: onnx.ModelProto
    layers: tuple[TracedLayer, ...]


def to_onnx(network: Network) -> Converted:
    """Trace the network once with every layer tapped, and convert the trace.

    Raises:
        ConversionError: an operation has no ONNX counterpart; the message names it.
    """
    layers: list[TracedLayer] = []

    def traced(image: Tensor) -> dict[str, Any]:
        layers.clear()  # TensorFlow may trace more than once
        with tapping() as recorder:
            outputs = {OUTPUT: tf.identity(network.predict(image))}
        if network.has_layers:
            for tap in recorder.taps:
                shape = tap.value.shape
                if not _is_per_image(shape):
                    continue
                tensor = tap.path if tap.path not in (INPUT, OUTPUT) else f"{tap.path}@layer"
                size = tuple(shape[1:])
                layer = TracedLayer(tap.path, tap.keras_class, tap.parameters, size, tensor)
                outputs[f"tap_{len(layers)}"] = tf.identity(tf.cast(tap.value, tf.float32))
                layers.append(layer)
        return outputs

    spec = tf.TensorSpec((None, *network.picture_shape), tf.uint8, name=INPUT)
    function = tf.function(traced, input_signature=[spec], autograph=False)
    try:
        concrete = function.get_concrete_function()
        with _listening() as heard, silenced(), one_walk():
            model, _ = tf2onnx.convert.from_function(function, [spec], opset=OPSET)
    except Exception as error:  # TensorFlow and tf2onnx raise whatever their parts raise
        reason = next((line for line in str(error).splitlines() if line.strip()), "")
        raise ConversionError(
            f"the model cannot be written as ONNX ({type(error).__name__}: {reason[:300]})"
        ) from error
    heard.check()
    bind_captures(model, concrete)
    names = {f"tap_{index}": layer.tensor for index, layer in enumerate(layers)}
    rename_values(model, names, reserved={INPUT, OUTPUT})
    name_batch_axis(model, {layer.tensor: layer.shape for layer in layers})
    return Converted(model, tuple(layers))


def _is_per_image(shape: tf.TensorShape) -> bool:
    """One row an image, and every other axis fixed: what can be shown of one picture."""
    return bool(shape.rank and shape[0] is None and all(length is not None for length in shape[1:]))


@dataclass(slots=True)
class _Heard:
    """tf2onnx's complaints: it logs what it cannot convert and writes an invalid graph."""

    messages: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise ConversionError where an operation was not converted."""
        found = [message for message in self.messages if "nsupported" in message]
        found += [message for message in self.messages if "not supported" in message]
        if found:
            raise ConversionError(
                "the model uses an operation that has no ONNX counterpart: "
                + _operations(found)
                + "; replace the layer that needs it"
            )


def _operations(messages: Sequence[str]) -> str:
    """The operations' names out of `Unsupported ops: Counter({'Foo': 2})`."""
    text = messages[0].split("Counter(")[-1].strip("(){} ")
    return ", ".join(part.split(":")[0].strip("'\" ") for part in text.split(", "))


@contextmanager
def _listening() -> Iterator[_Heard]:
    """Hear tf2onnx's log lines instead of printing them."""
    heard = _Heard()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                heard.messages.append(record.getMessage())

    logger = logging.getLogger("tf2onnx")
    before = (logger.handlers[:], logger.propagate, logger.level)
    logger.handlers, logger.propagate = [Ear()], False
    logger.setLevel(logging.WARNING)
    try:
        yield heard
    finally:
        logger.handlers, logger.propagate = before[0], before[1]
        logger.setLevel(before[2])
