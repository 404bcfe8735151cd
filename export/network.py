"""The loaded model, checked to be an image classifier, as one function of pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from export.errors import ModelError, SettingsError
from export.head import Head, decide_head, find_activation
from export.inside import contained_preprocessing, describe_preprocessing
from export.options import ConvertOptions
from export.stated import StatedPreprocessing
from export.taps import tapping
from export.untyped import Tensor

RANK = 4


@dataclass(frozen=True, slots=True)
class Network:
    """One picture in, one score a class out.

    Args:
        architecture: the model's own name.
        size: (height, width) of its input.
        channels: 1 (grey) or 3 (RGB).
        dtype: of the values that the model itself is given.
        head: what its output means.
        in_graph: what the graph does to the levels, in words.
        stated: the part of that which the user stated.
        forward: the model alone, at inference: (batch, height, width, channels) → (batch, units).
        has_layers: whether its layers can be named.
    """

    architecture: str
    size: tuple[int, int]
    channels: int
    dtype: str
    head: Head
    in_graph: str
    stated: StatedPreprocessing | None
    forward: Callable[[Tensor], Tensor]
    has_layers: bool

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return (*self.size, self.channels)

    def predict(self, image: Tensor) -> Tensor:
        """Scores of levels 0-255, in eager mode or while tracing.

        Args:
            image: uint8 or float32 tensor (batch, height, width, channels).

        Returns:
            float32 tensor (batch, classes).
        """
        levels = tf.cast(image, self.dtype)
        if self.stated is not None and not self.stated.is_identity:
            if self.stated.color == "BGR":
                levels = tf.gather(levels, [2, 1, 0], axis=-1)
            levels = levels * tf.constant(self.stated.scale, tf.float32)
            levels = levels + tf.constant(self.stated.offset, tf.float32)
        scores = tf.cast(self.forward(levels), tf.float32)
        if self.head.append:
            append = {"softmax": tf.nn.softmax, "sigmoid": tf.sigmoid}[self.head.append]
            scores = append(scores)
        if self.head.binary:
            scores = tf.concat([1.0 - scores, scores], axis=-1)
        return scores


def check_keras(model: keras.Model, options: ConvertOptions) -> Network:
    """A Keras model as a network.

    Raises:
        ModelError: not one picture in and one row of scores out, or not a classifier.
        SettingsError: the settings do not fit the model.
    """
    inputs, outputs = _tensors(model)
    size, channels = check_input([tuple(x.shape) for x in inputs], options.size)
    dtype = keras.backend.standardize_dtype(inputs[0].dtype)
    if dtype not in ("float16", "float32", "uint8"):
        raise ModelError(f"the model's input is {dtype}; expected float32 pictures")
    units = check_output([tuple(x.shape) for x in outputs])
    head = decide_head(find_activation(model), units, options.activation)
    check_precision(model)
    forward = _forward(model)
    with tapping() as recorder:
        forward(tf.zeros((1, *size, channels), dtype))
    contained = contained_preprocessing(recorder.taps)
    stated = options.stated
    if stated is not None:
        stated.check_channels(channels)
    if dtype == "uint8" and stated is not None and not stated.is_identity:
        raise SettingsError(
            f"the model takes uint8 levels, so {stated.words} cannot come before it"
        )
    return Network(
        architecture=_architecture(model),
        size=size,
        channels=channels,
        dtype="uint8" if dtype == "uint8" else "float32",
        head=head,
        in_graph=describe_preprocessing(contained, stated),
        stated=stated,
        forward=forward,
        has_layers=True,
    )


def check_input(
    shapes: list[tuple[int | None, ...]], stated: tuple[int, int] | None
) -> tuple[tuple[int, int], int]:
    """(height, width) and channels of the model's one input.

    Raises:
        ModelError: several inputs, no picture, or channels in front.
        SettingsError: the size is open and not stated, or stated otherwise than the model's.
    """
    if len(shapes) != 1:
        raise ModelError(f"the model has {len(shapes)} inputs; expected one, the picture")
    shape = shapes[0]
    if len(shape) != RANK:
        raise ModelError(
            f"the model's input is {shape}; expected pictures: (batch, height, width, channels)"
        )
    _, height, width, channels = shape
    if channels not in (1, 3):
        advice = "; it has the channels in front: rebuild it with channels_last"
        raise ModelError(
            f"the model's input is {shape}; expected 1 or 3 channels in the last place"
            + (advice if shape[1] in (1, 3) else "")
        )
    if stated is None:
        if height is None or width is None:
            raise SettingsError(
                f"the model leaves its input's size open, {shape}; "
                "say which size it was trained with: --size 224x224 (height x width)"
            )
        return (height, width), channels
    if (height or stated[0], width or stated[1]) != stated:
        raise SettingsError(
            f"--size {stated[0]}x{stated[1]} contradicts the model, which takes {height}x{width}"
        )
    return stated, channels


def check_output(shapes: list[tuple[int | None, ...]]) -> int:
    """How many units the model's one output has.

    Raises:
        ModelError: several outputs, or none of shape (batch, units).
    """
    if len(shapes) != 1:
        raise ModelError(f"the model has {len(shapes)} outputs; expected one, the scores")
    shape = shapes[0]
    if len(shape) != 2 or shape[1] is None:  # noqa: PLR2004 (batch, units)
        raise ModelError(
            f"the model's output is {shape}; expected (batch, classes): "
            "end it with pooling or Flatten, and Dense"
        )
    return shape[1]


def check_precision(model: keras.Model) -> None:
    """Refuse half precision: eager Keras and ONNX Runtime round it differently at every layer.

    Raises:
        ModelError: a layer computes in float16 or bfloat16.
    """
    for layer in model._flatten_layers():
        if layer.compute_dtype in ("float16", "bfloat16"):
            raise ModelError(
                f"layer {layer.name} computes in {layer.compute_dtype} (mixed precision), and "
                "export compares float32 networks: build the model under "
                "keras.config.set_dtype_policy('float32'), load the weights into it and save it"
            )


def _forward(model: keras.Model) -> Callable[[Tensor], Tensor]:
    """The model at inference; one whose input has a name in an object is given such an object."""
    structure = getattr(model, "input", None)  # a Sequential has none before its first call
    names = list(structure) if isinstance(structure, dict) else []

    def forward(levels: Tensor) -> Tensor:
        return model({names[0]: levels} if names else levels, training=False)

    return forward


def _architecture(model: keras.Model) -> str:
    """The name of the base that holds most of the weights, or the model's own."""
    nested = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    base = max(nested, key=lambda layer: layer.count_params(), default=model)
    return base.name if 2 * base.count_params() > model.count_params() else model.name


def _tensors(model: keras.Model) -> tuple[list[Any], list[Any]]:
    """The model's symbolic inputs and outputs.

    Raises:
        ModelError: it was never given a shape, or is a Python class rather than a graph.
    """
    try:
        return list(model.inputs), list(model.outputs)
    except (AttributeError, TypeError, ValueError) as error:
        raise ModelError(
            "the model has no fixed graph; expected a functional or Sequential model that was "
            "built or trained"
        ) from error
