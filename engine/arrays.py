"""The arrays that travel between decoding, batching and the network."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import ImageInput
from engine.errors import PixelsError

Pixels = NDArray[np.uint8 | np.float32]
"""Pictures at the network's own size: (height, width, channels), or (batch, height, width,
channels); RGB or grey, levels 0-255."""

Scores = NDArray[np.float32]
"""What the network answered: (batch, classes), probabilities or logits as the manifest says."""


def check_pixels(pixels: Pixels, spec: ImageInput, dtypes: Sequence[str] = ()) -> None:
    """Raise PixelsError unless these are pictures of the network's size, in its type.

    Args:
        pixels: (batch, height, width, channels).
        spec: the network's input.
        dtypes: the types that are taken instead of the network's own.
    """
    expected = (spec.height, spec.width, spec.channels)
    if pixels.ndim != len(expected) + 1 or pixels.shape[1:] != expected or not len(pixels):
        size = ", ".join(map(str, expected))
        raise PixelsError(f"expected pictures of shape (batch, {size}), received {pixels.shape}")
    taken = dtypes or (spec.dtype,)
    if pixels.dtype.name not in taken:
        raise PixelsError(f"expected {' or '.join(taken)} pictures, received {pixels.dtype}")
