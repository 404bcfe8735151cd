"""Gate: every layer of the exported network against eager Keras, at batch 1 and 3."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.classifier import Classifier
from export.convert import TracedLayer
from export.errors import GateError
from export.network import Network
from export.taps import tapping

# The worst layers measured, each over its largest value: EfficientNet-Lite0 with ImageNet weights
# 2.2e-5; with random ones InceptionV3 7.5e-5, MobileNetV2 3.1e-5, ResNet50V2 2.2e-5, VGG19 1.8e-6.
# A wrong weight, axis or channel order is 1e-2 and more.
LAYER_RELATIVE = 1e-4
# Behind a gate that saturates, rounding counts against its input (1000) and not its output (1): a
# random EfficientNetB0 under noise was 2.4e-3 off at one such layer, and 1.8e-7 at the prediction.
# So a layer may always differ by what Keras itself moves there when the levels move by this much.
PERTURBATION_LEVELS = 255e-6
# A layer that is dead on a picture has no largest value to be relative to.
LAYER_ABSOLUTE = 1e-6
PREDICTION_ABSOLUTE = 1e-5
BATCHES = (1, 3)
SEED = 20_24

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LayerParity:
    """How far one layer is from Keras, over all batches.

    Args:
        path: the layer.
        shape: of one image.
        max_abs_error: the largest difference of any value.
        largest: Keras's largest absolute value.
        allowed: the largest difference that passes.
    """

    path: str
    shape: tuple[int, ...]
    max_abs_error: float
    largest: float
    allowed: float

    @property
    def relative_error(self) -> float:
        """The error as a share of Keras's largest value; 0 where both are 0 throughout."""
        return self.max_abs_error / self.largest if self.largest else self.max_abs_error

    @property
    def passed(self) -> bool:
        """Whether it is near enough; NaN is not."""
        return self.max_abs_error <= self.allowed


@dataclass(frozen=True, slots=True)
class Parity:
    """The gate's measurements: the prediction's largest difference, and every layer's."""

    prediction: LayerParity
    layers: tuple[LayerParity, ...]


def parity_batches(pictures: Pixels) -> list[Pixels]:
    """A batch of 1 and a batch of 3: photographs as the network sees them, and seeded noise.

    Noise reaches what a photograph leaves dead, and its rows and columns all differ, so that a
    mistake in an axis shows on square inputs too.

    Args:
        pictures: (any number from 1, height, width, channels).
    """
    noise = np.random.default_rng(SEED).integers(0, 256, (2, *pictures.shape[1:]))
    pool = np.concatenate([pictures[:3], noise.astype(pictures.dtype)])
    return [pool[:1], np.concatenate([noise[:1].astype(pictures.dtype), pool[1:3]])]


def measure_parity(
    network: Network,
    classifier: Classifier,
    layers: Sequence[TracedLayer],
    batches: Sequence[Pixels],
) -> Parity:
    """Run both on the same pictures.

    Raises:
        GateError: Keras itself gives numbers that are not finite.
    """
    paths = [layer.path for layer in layers]
    prediction: LayerParity | None = None
    found: dict[str, LayerParity] = {}
    for pixels in batches:
        scores, expected = run_keras(network, pixels)
        movements = measure_movements(network, pixels, expected)
        prediction = _worse(
            prediction,
            _compare("predictions", classifier.predict(pixels), scores),
        )
        values = classifier.activations(pixels, paths)
        for path in paths:
            row = _compare(path, values[path], expected[path], movement=movements[path])
            found[path] = _worse(found.get(path), row)
    if prediction is None:
        raise ValueError("no batches to compare")
    return Parity(prediction, tuple(found[path] for path in paths))


def run_keras(network: Network, pixels: Pixels) -> tuple[Values, dict[str, Values]]:
    """Scores and every layer's output, computed eagerly by Keras."""
    with tapping() as recorder:
        scores = network.predict(tf.constant(pixels)).numpy()
    values = {tap.path: tf.cast(tap.value, tf.float32).numpy() for tap in recorder.taps}
    return scores, values


def check_parity(parity: Parity) -> None:
    """Raise GateError for the first layer in order of computation that is too far away.

    The first one is where the mistake is; those after it inherit it.
    """
    for row in (*parity.layers, parity.prediction):
        if not row.passed:
            what = "the prediction" if row is parity.prediction else f"layer {row.path}"
            raise GateError(
                f"{what} differs from Keras by {row.max_abs_error:.3g}, "
                f"and {row.allowed:.3g} is allowed; nothing was published"
            )


def measure_movements(
    network: Network, pixels: Pixels, expected: dict[str, Values]
) -> dict[str, float]:
    """How far each layer of Keras moves when the levels do, by an amount nobody can see."""
    if network.dtype != "float32":  # whole levels cannot move by a little
        return dict.fromkeys(expected, 0.0)
    random = np.random.default_rng(SEED)
    moved = pixels + random.uniform(-PERTURBATION_LEVELS, PERTURBATION_LEVELS, pixels.shape)
    _, values = run_keras(network, moved.astype(np.float32))
    return {path: float(np.abs(values[path] - expected[path]).max(initial=0)) for path in expected}


def _compare(
    path: str, ours: Values, keras: Values, *, movement: float | None = None
) -> LayerParity:
    """One tensor against its reference; the prediction where there is no movement to allow for."""
    if ours.shape != keras.shape:
        raise GateError(f"{path} has the shape {ours.shape}, and {keras.shape} in Keras")
    if not np.isfinite(keras).all():
        raise GateError(
            f"{path} is not finite in Keras itself (overflow or division by zero on a picture); "
            "train the model again"
        )
    largest = float(np.abs(keras).max(initial=0))
    if movement is None:
        allowed = PREDICTION_ABSOLUTE * max(1.0, largest)  # logits are not bounded by 1
    else:
        allowed = max(LAYER_RELATIVE * largest + LAYER_ABSOLUTE, movement)
    error = float(np.abs(ours.astype(np.float64) - keras).max(initial=0))
    return LayerParity(path, tuple(keras.shape[1:]), error, largest, allowed)


def _worse(before: LayerParity | None, now: LayerParity) -> LayerParity:
    """Of two batches' measurements the one that is nearer to failing, or has failed."""
    if before is None or not before.passed:
        return before or now
    if not now.passed or now.max_abs_error / now.allowed > before.max_abs_error / before.allowed:
        return now
    return before
