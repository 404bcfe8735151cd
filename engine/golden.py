"""The golden pictures: what a network must answer on this device before anybody asks it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Precision
from bundle.repository import GOLDEN, Bundle
from engine.arrays import Pixels, Scores
from engine.errors import DeviceError

MAX_DIFFERENCE = 0.005
"""Of a probability, between this device and Keras: export publishes nothing above it."""
TIE = 1e-3
"""First classes as close as this may change places."""


class GoldenError(DeviceError):
    """The device answers the golden pictures otherwise than Keras did."""


def check_golden(
    run: Callable[[Pixels], Scores], bundle: Bundle, precision: Precision, max_batch: int = 8
) -> None:
    """Compare a device's answers with Keras's, within what the bundle declares of its precision.

    A bundle without golden pictures (they are optional files) passes.

    Args:
        run: (batch, height, width, channels) pixels → (batch, classes) scores.
        bundle: whose golden pictures are run.
        precision: as declared in the manifest.
        max_batch: pictures in one run at most.

    Raises:
        GoldenError: another first class, or a probability too far off.
    """
    path = bundle.path(GOLDEN)
    if not path.is_file():
        return
    with np.load(path, allow_pickle=False) as golden:
        pixels, expected = golden["pixels"], golden["predictions"]
    pieces = [pixels[i : i + max_batch] for i in range(0, len(pixels), max_batch)]
    found = np.concatenate([run(piece) for piece in pieces])
    if bundle.manifest.output.score == "logit":
        found, expected = _softmax(found), _softmax(expected)
    worst = float(np.abs(found - expected).max())
    bound = MAX_DIFFERENCE + precision.max_abs_difference
    if not worst <= bound:  # so that NaN fails
        raise GoldenError(f"golden pictures differ by {worst:.2g}; expected at most {bound:.2g}")
    # Two classes of which each may move by d change places where they were closer than 2 d.
    flipped = _flipped(found, expected, TIE + 2 * precision.max_abs_difference)
    if flipped:
        raise GoldenError(f"{flipped} of {len(pixels)} golden pictures get another first class")


def _flipped(found: Scores, expected: Scores, tie: float) -> int:
    """Pictures whose first class is another, ties aside."""
    ordered = np.sort(expected, axis=1)
    clear = ordered[:, -1] - ordered[:, -2:-1].max(axis=1, initial=0) >= tie
    return int((clear & (found.argmax(axis=1) != expected.argmax(axis=1))).sum())


def _softmax(logits: Scores) -> NDArray[np.float32]:
    """Probabilities of logits, row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
