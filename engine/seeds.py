"""What a target means in numbers: its own value, and the gradient that starts the way back."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Manifest
from engine.arrays import Scores
from engine.errors import TargetError
from engine.layers import check_channel, find_layer
from engine.targets import ChannelTarget, ClassTarget, Target

Values = NDArray[np.float32]


def resolve(target: ClassTarget, predictions: Scores) -> ClassTarget:
    """A class for each picture; where none was named, the highest of its predictions.

    Args:
        target: with one class id for all pictures, one for each, or none.
        predictions: (batch, classes).

    Raises:
        TargetError: as many class ids as pictures were expected.
    """
    batch = len(predictions)
    ids = target.class_ids
    if ids is None:
        return replace(target, class_ids=tuple(int(i) for i in predictions.argmax(axis=-1)))
    if len(ids) == 1:
        return replace(target, class_ids=ids * batch)
    if len(ids) != batch:
        raise TargetError(f"expected one class, or one for each of {batch} pictures; got {ids}")
    return target


def score(manifest: Manifest, target: Target, values: Values) -> Values:
    """J of each picture.

    Args:
        manifest: of the network.
        target: what J is.
        values: (batch, *shape) of the tensor that the target is a part of.

    Raises:
        TargetError, ChannelNotFoundError: see `seed`.
    """
    if isinstance(target, ClassTarget):
        target = resolve(target, values)
    picked = values * seed(manifest, target, len(values))
    axes = tuple(range(1, picked.ndim))
    if isinstance(target, ChannelTarget) and target.seed == "activation":
        return np.float32(0.5) * np.square(picked).sum(axes)
    return picked.sum(axes)


def seed(manifest: Manifest, target: Target, batch: int) -> Values:
    """1 at what the target is made of, 0 elsewhere: (batch, *shape of the target's tensor).

    Raises:
        TargetError: no such class, no such score, or not one class for each picture.
        LayerNotFoundError: the network has no such layer.
        ChannelNotFoundError: the layer has no such channel or position.
    """
    if isinstance(target, ChannelTarget):
        return _channel_seed(manifest, target, batch)
    if target.score == "probability" and manifest.output.activation == "none":
        raise TargetError(f"{manifest.name} answers logits, not probabilities; ask for the logit")
    classes = len(manifest.labels)
    fixed = resolve(target, np.empty((batch, 0), np.float32))
    ids = np.array(fixed.class_ids, int)
    wrong = ids[(ids < 0) | (ids >= classes)]
    if len(wrong):
        raise TargetError(f"{manifest.name} has no class {wrong[0]}; expected 0 to {classes - 1}")
    ones = np.zeros((batch, classes), np.float32)
    ones[np.arange(batch), ids] = 1
    return ones


def _channel_seed(manifest: Manifest, target: ChannelTarget, batch: int) -> Values:
    """1 at the channel's positions, or at the one that was named."""
    layer = find_layer(manifest, target.layer)
    check_channel(layer, target.channel, target.position)
    ones = np.zeros((batch, *layer.shape), np.float32)
    where = (
        (slice(None),) * len(layer.shape)
        if target.position is None
        else (slice(None), *target.position)
    )
    ones[(*where, target.channel)] = 1
    return ones
