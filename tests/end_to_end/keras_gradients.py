"""What TensorFlow says about gradients: the reference, in float64 and in float32."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.inspector import INPUT
from engine.targets import ChannelTarget, ClassTarget, Target
from export.taps import Tap, tapping
from tests.end_to_end.kinks import taking_sides


@dataclass(frozen=True, slots=True)
class KerasRun:
    """One run of TensorFlow, forwards and back.

    Args:
        gradients: with respect to INPUT and every layer; None where the target lies before it.
        activations: of every layer.
        scores: (batch, classes).
    """

    gradients: dict[str, NDArray[np.float64] | None]
    activations: dict[str, NDArray[Any]]
    scores: NDArray[Any]


def in_float64(model: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
    """The same network computing in float64, with the float32 model's weights.

    Args:
        model: the network in float32.
        build: makes another one like it, with any weights.
    """
    with _float64_layers():
        twin = build()
    twin.set_weights(model.get_weights())
    return twin


def keras_gradients(
    model: Any,
    pixels: np.ndarray,
    target: Target,
    *,
    sides: Mapping[str, np.ndarray] | None = None,
) -> KerasRun:
    """The gradient of a target with respect to the input and every layer's output, eagerly.

    One tape runs over one call with every layer tapped.

    Args:
        model: ends in a softmax; computes in the type of its own policy.
        pixels: levels (batch, height, width, channels).
        target: a class with class_ids, or a channel.
        sides: activations of every layer, whose sides are taken at the kinks.
    """
    levels = tf.constant(pixels, model.compute_dtype)
    with tf.GradientTape() as tape:
        tape.watch(levels)
        with tapping() as recorder, taking_sides(recorder, sides) if sides else nullcontext():
            scores = model(levels, training=False)
        total = tf.reduce_sum(_target(target, scores, recorder.taps))
    values = {INPUT: levels} | {tap.path: tap.value for tap in recorder.taps}
    found: Any = tape.gradient(total, list(values.values()))
    gradients = {
        path: None if gradient is None else gradient.numpy().astype(np.float64)
        for path, gradient in zip(values, found, strict=True)
    }
    activations = {path: value.numpy() for path, value in values.items()}
    return KerasRun(gradients, activations, scores.numpy())


def _target(target: Target, scores: Any, taps: list[Tap]) -> Any:
    """J of each picture, (batch,)."""
    if isinstance(target, ClassTarget):
        if target.class_ids is None:
            raise ValueError("the reference is not asked for top-1: two precisions may disagree")
        # Keras's softmax leaves its input on what it returns.
        rows = scores if target.score == "probability" else scores._keras_logits
        ids = tf.broadcast_to(tf.constant(target.class_ids), [len(rows)])
        return tf.gather(rows, ids, batch_dims=1)
    return _channel(target, next(tap.value for tap in taps if tap.path == target.layer))


def _channel(target: ChannelTarget, values: Any) -> Any:
    """A channel's sum, one of its neurons, or half the sum of its squares."""
    channel = values[..., target.channel]
    if target.position is not None:
        channel = channel[:, target.position[0], target.position[1], None]
    if target.seed == "activation":
        channel = channel**2 / 2
    return tf.reduce_sum(tf.reshape(channel, [len(values), -1]), axis=1)


@contextmanager
def _float64_layers() -> Iterator[None]:
    """Layers made inside the block compute in float64."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)
