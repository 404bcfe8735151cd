"""Gate: from encoded picture files on, the bundle's road against the training pipeline's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.classifier import Classifier
from engine.errors import ImageError
from export.errors import GateError, SettingsError
from export.network import Network
from export.training import load_as_trained

MAX_PROBABILITY_DIFFERENCE = 0.005
# Where Keras's own first two classes are nearer than this, which one wins is chance.
TIE = 1e-3
BATCH = 8

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both roads answered on the sample pictures.

    Args:
        files: the pictures' names.
        probabilities: the bundle's, (files, classes); softmaxed where the model gives logits.
        reference: the training pipeline's, likewise.
    """

    files: tuple[str, ...]
    probabilities: Values
    reference: Values

    @property
    def differences(self) -> Values:
        """The largest |Δp| of each picture."""
        return np.abs(self.probabilities - self.reference).max(axis=1)

    @property
    def max_abs_difference(self) -> float:
        """The largest |Δp| of all."""
        return float(self.differences.max())

    @property
    def _flipped(self) -> NDArray[np.bool_]:
        """Pictures whose first class differs."""
        return self.probabilities.argmax(axis=1) != self.reference.argmax(axis=1)

    @property
    def _tied(self) -> NDArray[np.bool_]:
        """Pictures of which Keras itself cannot say the first class."""
        ordered = np.sort(self.reference, axis=1)
        return ordered[:, -1] - ordered[:, -2] < TIE

    @property
    def flips(self) -> tuple[str, ...]:
        """Pictures whose first class differs without a tie."""
        wrong = self._flipped & ~self._tied
        return tuple(name for name, flag in zip(self.files, wrong, strict=True) if flag)

    @property
    def ties(self) -> tuple[str, ...]:
        """Pictures whose first class differs within a tie: reported, not counted."""
        tied = self._flipped & self._tied
        return tuple(name for name, flag in zip(self.files, tied, strict=True) if flag)

    @property
    def top1_agreement(self) -> float:
        """Share of pictures with the same first class, ties counted as the same."""
        return 1 - len(self.flips) / len(self.files)

    @property
    def passed(self) -> bool:
        """Whether the bundle answers what training would."""
        return not self.flips and self.max_abs_difference <= MAX_PROBABILITY_DIFFERENCE


def decode_samples(classifier: Classifier, files: Sequence[Path]) -> Pixels:
    """The pictures as the network sees them, through the engine: (files, height, width, channels).

    Raises:
        SettingsError: a sample is missing or is not a picture.
    """
    rows: list[Pixels] = []
    for file in files:
        try:
            rows.append(classifier.decode(file.read_bytes()))
        except OSError as error:
            raise SettingsError(f"the sample {file} cannot be read: {error.strerror}") from error
        except ImageError as error:
            raise SettingsError(f"the sample {file.name} cannot be used: {error}") from error
    return np.stack(rows)


def compare_end_to_end(
    network: Network, classifier: Classifier, files: Sequence[Path], pixels: Pixels
) -> Comparison:
    """Both roads on the same files.

    Args:
        network: the trained model, run as `model.predict` runs it.
        classifier: the bundle.
        files: encoded pictures.
        pixels: the same, decoded by the classifier.

    Raises:
        SettingsError: the training pipeline cannot read one of the files.
    """
    manifest = classifier.manifest
    levels = load_as_trained(files, manifest.input, manifest.preprocessing)
    ours = [classifier.predict(part) for part in _parts(pixels)]
    theirs = [predict_as_trained(network, part) for part in _parts(levels)]
    softmax = network.head.activation == "none"
    return Comparison(
        tuple(file.name for file in files),
        _probabilities(np.concatenate(ours), softmax=softmax),
        _probabilities(np.concatenate(theirs), softmax=softmax),
    )


def predict_as_trained(network: Network, levels: Pixels) -> Values:
    """The user's own code: stated preprocessing in numpy, then the model, then its scores.

    Nothing of the exported graph's preprocessing is used, so that a mistake there shows.
    """
    prepared = levels.astype(np.float32)
    if network.stated is not None:
        prepared = network.stated.apply(prepared)
    scores = np.asarray(network.forward(tf.cast(prepared, network.dtype)), np.float32)
    if network.head.append == "softmax":
        scores = _softmax(scores)
    elif network.head.append == "sigmoid":
        scores = (1 / (1 + np.exp(-scores))).astype(np.float32)
    if network.head.binary:
        scores = np.concatenate([1 - scores, scores], axis=1)
    return scores.astype(np.float32)


def check_end_to_end(comparison: Comparison) -> None:
    """Raise GateError where a picture's answer moved."""
    if comparison.flips:
        name = comparison.flips[0]
        row = comparison.files.index(name)
        ours, theirs = comparison.probabilities[row], comparison.reference[row]
        raise GateError(
            f"end to end, {name} is class {ours.argmax()} ({ours.max():.4f}) and class "
            f"{theirs.argmax()} ({theirs.max():.4f}) in the training pipeline; "
            "nothing was published"
        )
    if not comparison.passed:
        name = comparison.files[int(comparison.differences.argmax())]
        raise GateError(
            f"end to end, the probabilities of {name} differ from the training pipeline's by "
            f"{comparison.max_abs_difference:.3g}, and {MAX_PROBABILITY_DIFFERENCE} is allowed; "
            "nothing was published"
        )


def _parts(pictures: Pixels) -> list[Pixels]:
    """Batches of a size that fits into memory."""
    return [pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH)]


def _probabilities(scores: Values, *, softmax: bool) -> Values:
    """Logits through a softmax, so that one bound serves every model."""
    return _softmax(scores) if softmax else scores


def _softmax(logits: Values) -> Values:
    """Along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.divide(powers, powers.sum(axis=-1, keepdims=True))
