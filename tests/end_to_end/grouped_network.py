"""AlexNet's kind of network: grouped convolutions, local response normalisation, overlapping pools.

Keras's own Conv2D(groups=2) trains and does not convert to ONNX, so people who port such a network
write the layer on tf.nn.conv2d, as here. TensorFlow in turn has no gradient of that on a CPU
("Gradients for grouped convolutions are not supported on CPU"), so the reference for gradients is
the same layer by definition: one convolution a group.
"""

from typing import Any

import keras
import tensorflow as tf

layers: Any = keras.layers
RADIUS, BIAS, ALPHA, BETA = 2, 1.0, 2e-3, 0.75


@keras.saving.register_keras_serializable(package="cutaway-tests")
class GroupedConvolution(keras.layers.Layer):
    """A convolution whose kernel, (size, size, channels / groups, filters), sees a share."""

    def __init__(
        self, filters: int, size: int, groups: int, *, split: bool = False, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.filters, self.size, self.groups, self.split = filters, size, groups, split

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make kernel and bias."""
        channels = (input_shape[-1] or 0) // self.groups
        shape = (self.size, self.size, channels, self.filters)
        self.kernel = self.add_weight(shape=shape, initializer="he_normal", name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, values: Any) -> Any:
        """(batch, height, width, channels) → (batch, height, width, filters), after a ReLU."""
        parts = self.groups if self.split else 1
        kernels = tf.split(tf.convert_to_tensor(self.kernel), parts, axis=-1)
        pieces = zip(tf.split(values, parts, axis=-1), kernels, strict=True)
        sums = tf.concat([tf.nn.conv2d(part, kernel, 1, "SAME") for part, kernel in pieces], -1)
        return tf.nn.relu(sums + tf.convert_to_tensor(self.bias))

    def get_config(self) -> dict[str, Any]:
        """What a saved file needs to make it again."""
        sizes = {"filters": self.filters, "size": self.size, "groups": self.groups}
        return super().get_config() | sizes | {"split": self.split}


@keras.saving.register_keras_serializable(package="cutaway-tests")
class LocalResponse(keras.layers.Layer):
    """Local response normalisation across channels."""

    def call(self, values: Any) -> Any:
        """TensorFlow's operation; in float64, which it does not take, its definition."""
        if self.compute_dtype == "float32":
            return tf.nn.local_response_normalization(values, RADIUS, BIAS, ALPHA, BETA)
        padded: Any = tf.pad(values**2, [[0, 0], [0, 0], [0, 0], [RADIUS, RADIUS]])
        count = values.shape[-1]
        band = tf.add_n([padded[..., i : i + count] for i in range(2 * RADIUS + 1)])
        return values / (BIAS + ALPHA * band) ** BETA


def grouped_network(size: tuple[int, int], *, split: bool = False) -> keras.Model:
    """A small AlexNet over levels 0-255; its convolutions 2 to 4 are grouped.

    Args:
        size: (height, width).
        split: compute grouped convolutions as one convolution a group.
    """
    picture = keras.Input((*size, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture)
    x = layers.Conv2D(24, 7, strides=3, activation="relu", name="conv1")(x)
    x = LocalResponse(name="norm1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    x = GroupedConvolution(32, 5, 2, split=split, name="conv2")(x)
    x = LocalResponse(name="norm2")(x)
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool2")(x)
    x = GroupedConvolution(48, 3, 4, split=split, name="conv3")(x)
    x = GroupedConvolution(32, 3, 2, split=split, name="conv4")(x)
    x = layers.AveragePooling2D(3, 2, padding="same", name="pool4")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(40, activation="relu", name="fc5")(x)
    x = layers.Dropout(0.5, name="drop5")(x)
    return keras.Model(picture, layers.Dense(6, activation="softmax", name="head")(x))
