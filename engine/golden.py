"""The golden pictures: what a network must answer on this device before anybody asks it."""

from collections.abc import Callable
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Precision
from bundle.repository import GOLDEN, Bundle
from engine.arrays import Pixels, Scores, check_pixels
from engine.errors import EngineError, PixelsError

MAX_DIFFERENCE = 0.005
"""Of a probability, between this device and Keras: export publishes nothing above it."""
TIE = 1e-3
"""First classes as close as this may change places."""


class GoldenError(EngineError):
    """The golden pictures are answered otherwise than Keras did, or cannot be read."""


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
        GoldenError: another first class, or a probability too far off, or pictures that are none.
    """
    if not bundle.path(GOLDEN).is_file():
        return
    pixels, expected = read_golden(bundle)
    pieces = [pixels[i : i + max_batch] for i in range(0, len(pixels), max_batch)]
    found = np.concatenate([run(piece) for piece in pieces])
    if bundle.manifest.output.score == "logit":
        found, expected = _softmax(found), _softmax(expected)
    worst = float(np.abs(found - expected).max())
    bound = MAX_DIFFERENCE + precision.max_abs_difference
    if not worst <= bound:  # so that NaN fails
        raise GoldenError(
            f"the golden pictures of {_named(bundle)} differ by {worst:.2g} from what Keras "
            f"answered; expected at most {bound:.2g}"
        )
    # Two classes of which each may move by d change places where they were closer than 2 d.
    flipped = _flipped(found, expected, TIE + 2 * precision.max_abs_difference)
    if flipped:
        raise GoldenError(
            f"{flipped} of {len(pixels)} golden pictures of {_named(bundle)} get another first "
            "class than from Keras"
        )


def read_golden(bundle: Bundle) -> tuple[Pixels, Scores]:
    """Pictures (batch, height, width, channels), and what Keras answered (batch, classes).

    Raises:
        GoldenError: the file is not what export writes.
    """
    spec = bundle.manifest
    try:
        # Opened here: numpy leaves a file open whose archive does not read.
        with bundle.path(GOLDEN).open("rb") as file, np.load(file, allow_pickle=False) as golden:
            pixels, expected = golden["pixels"], golden["predictions"]
        check_pixels(pixels, spec.input)
        if not len(pixels) or expected.shape != (len(pixels), len(spec.labels)):
            raise ValueError(f"{pixels.shape} pictures with {expected.shape} answers")
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, PixelsError) as error:
        raise GoldenError(
            f"{GOLDEN} of {_named(bundle)} does not hold its golden pictures; export it again"
        ) from error
    return pixels, expected


def _named(bundle: Bundle) -> str:
    """The model and its version."""
    return f"{bundle.manifest.name} version {bundle.manifest.version}"


def _flipped(found: Scores, expected: Scores, tie: float) -> int:
    """Pictures whose first class is another, ties aside."""
    ordered = np.sort(expected, axis=1)
    clear = ordered[:, -1] - ordered[:, -2:-1].max(axis=1, initial=0) >= tie
    return int((clear & (found.argmax(axis=1) != expected.argmax(axis=1))).sum())


def _softmax(logits: Scores) -> NDArray[np.float32]:
    """Probabilities of logits, row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
