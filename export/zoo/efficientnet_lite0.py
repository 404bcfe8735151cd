"""EfficientNet-Lite0 in Keras: EfficientNet-B0 without squeeze-and-excitation, ReLU6 for swish.

M. Tan and Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML
2019; the Lite variants are those authors' "EfficientNet-lite" (tensorflow/tpu, 2020), whose stem
and top keep their width. Layers are named as `keras.applications` names EfficientNet's.

What its ImageNet weights expect, and by how much the logits move (mean L1 over eight photos) where
it is missed: ReLU6, not ReLU (.94); (x - 127) / 128 (.37-.50 otherwise); TensorFlow's "same"
padding, not a symmetric one (.36); BatchNorm epsilon 1e-3, not 1e-5 (.22).
"""

from dataclasses import dataclass

import keras
from keras import layers

NAME = "efficientnet_lite0"
SIZE = (224, 224)
CLASSES = 1000
PARAMETERS = 4_694_024
"""Of the whole model with 1000 classes, BatchNorm's statistics included."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """`repeats` blocks of one width; only the first one strides."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def efficientnet_lite0(
    size: tuple[int, int] = SIZE, *, classes: int | None = CLASSES
) -> keras.Model:
    """The network with random weights.

    Args:
        size: (height, width) of the input in pixels.
        classes: width of the softmax; None leaves pooling and classifier away, so that the output
            is the last activation, (batch, height/32, width/32, 1280).

    The input is float32 (batch, height, width, 3), RGB levels 0-255: the model scales them itself.
    """
    image = keras.Input((*size, 3), name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    x = layers.Conv2D(32, 3, 2, padding="same", use_bias=False, name="stem_conv")(x)
    x = _activated(x, "stem")
    for number, stage in enumerate(_STAGES, start=1):
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            x = _block(x, stage, stride, f"block{number}{chr(ord('a') + repeat)}_")
    x = layers.Conv2D(1280, 1, use_bias=False, name="top_conv")(x)
    x = _activated(x, "top")
    if classes is not None:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dropout(0.2, name="top_dropout")(x)
        x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(image, x, name=NAME)


def _block(x: keras.KerasTensor, stage: _Stage, stride: int, prefix: str) -> keras.KerasTensor:
    """Expand to more channels, filter each, project to fewer; a shortcut where shapes agree."""
    entry = x
    if stage.expansion != 1:
        width = x.shape[-1] * stage.expansion
        x = layers.Conv2D(width, 1, use_bias=False, name=f"{prefix}expand_conv")(x)
        x = _activated(x, f"{prefix}expand")
    x = layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", use_bias=False, name=f"{prefix}dwconv"
    )(x)
    x = _activated(x, prefix.rstrip("_"))
    x = layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{prefix}project_conv")(x)
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{prefix}project_bn")(x)
    if entry.shape == x.shape:
        x = layers.Add(name=f"{prefix}add")([entry, x])
    return x


def _activated(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """BatchNorm and ReLU6."""
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_activation")(x)
