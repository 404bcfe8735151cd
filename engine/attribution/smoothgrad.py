"""SmoothGrad (Smilkov et al. 2017)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.variants import Picture, weighted_gradients
from engine.inspector import Inspector
from engine.progress import Progress, silent
from engine.targets import Target


def smoothgrad(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    *,
    samples: int = 50,
    noise: float = 0.15,
    seed: int = 0,
    batch: int = 8,
    progress: Progress = silent,
) -> NDArray[np.float32]:
    """The mean gradient over noisy copies of the picture: what a gradient's own jitter hides.

    A picture's copies do not depend on its neighbours in the request: each starts from the seed.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: J; without a class, each clean picture's own highest one.
        samples: noisy copies of each picture.
        noise: standard deviation of the Gaussian noise, as a share of the picture's highest minus
            lowest level. The copies are neither clipped nor rounded: both would shift their mean.
        seed: of the noise.
        batch: pictures in one run at most.
        progress: called after each run.

    Returns:
        float32 (batch, height, width, channels), signed, in J per level.
    """

    def noisy_copies(picture: Picture) -> Iterator[Picture]:
        rng = np.random.default_rng(seed)
        spread = np.float32(noise * np.ptp(picture))
        for _ in range(samples):
            copy = spread * rng.standard_normal(picture.shape, dtype=np.float32)
            copy += picture
            yield copy

    weights = [1 / samples] * samples
    return weighted_gradients(
        inspector, pixels, target, noisy_copies, weights, batch=batch, progress=progress
    )
