"""Taking the same side at every kink, so that two precisions can be compared at all.

Where a ReLU's input, or the lead of one value in a pooling window over the next, is smaller than
float32's rounding, two computations take different sides, and the gradient jumps: by up to 1e-2 of
its norm in the networks tested, TensorFlow's own float32 against its float64 too. Neither side is
wrong. So the reference in float64 is told which sides the float32 run took; what is left is
rounding alone, and a wrong rule cannot hide behind it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import tensorflow as tf

from export.taps import Recorder


@contextmanager
def taking_sides(recorder: Recorder, activations: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Inside the block ReLUs and max-pooling choose as a run did that had these activations.

    Args:
        recorder: says which layer is running.
        activations: of every layer, (batch, *shape).
    """

    def relu(values: Any) -> Any:
        return values * _as(values, _output() > 0)

    def relu6(values: Any) -> Any:
        ours = _output()
        top = _as(values, ours >= 6)
        return values * _as(values, (ours > 0) & (ours < 6)) + 6 * top

    def max_pool(values: Any, *window: Any, **_: Any) -> Any:
        path = next(tap.path for tap in reversed(recorder.taps) if tap.value is values)
        return _pool(values, activations[path], *window)

    def _output() -> np.ndarray:
        return activations[recorder._frames[-1].path]

    with (
        patch.object(tf.nn, "relu", relu),
        patch.object(tf.nn, "relu6", relu6),
        patch.object(tf.nn, "max_pool", max_pool),
    ):
        yield


def _pool(values: Any, ours: np.ndarray, size: Any, strides: Any, padding: str, *_: Any) -> Any:
    """The value of each window at the place where `ours` has its first highest."""
    windows = {"sizes": _four(size), "strides": _four(strides), "rates": [1] * 4,
               "padding": padding}  # fmt: skip
    channels = values.shape[-1]

    def patches(tensor: Any) -> Any:
        found = tf.image.extract_patches(tensor, **windows)
        return tf.reshape(found, [*found.shape[:3], -1, channels])

    chosen = patches(tf.constant(ours))
    outside = patches(tf.ones_like(ours)) == 0  # padding never wins
    winner = tf.argmax(tf.where(outside, chosen.dtype.min, chosen), axis=3)
    one_hot = tf.one_hot(winner, chosen.shape[3], axis=3, dtype=values.dtype)
    return tf.reduce_sum(patches(values) * one_hot, axis=3)


def _four(pair: Any) -> list[int]:
    """Keras's (height, width), or one number for both, as TensorFlow's four."""
    height, width = np.broadcast_to(pair, 2).tolist()
    return [1, height, width, 1]


def _as(values: Any, mask: np.ndarray) -> Any:
    """A mask in the tensor's type."""
    return tf.constant(mask, values.dtype)
