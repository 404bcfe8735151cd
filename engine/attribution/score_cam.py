"""Score-CAM: a layer's channels, weighted by how well each one's region alone does; no gradient."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.baselines import Baseline, reference_pictures
from engine.attribution.copies import Tally, run_copies
from engine.attribution.layers import spatial_layer
from engine.attribution.maps import upsample
from engine.attribution.variants import select
from engine.errors import MethodError
from engine.inspector import Inspector
from engine.progress import Progress, silent
from engine.targets import Target

Values = NDArray[np.float32]


def score_cam(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    *,
    layer: str | None = None,
    channels: int = 0,
    baseline: Baseline = "black",
    batch: int = 8,
    progress: Progress = silent,
) -> Values:
    """Score-CAM (Wang et al., 2020): ReLU(Σ_k w_k · A_k), w = softmax over k of S_k - S(baseline).

    S_k is the target's own score (a logit stays a logit: no second softmax over classes) of the
    picture seen through A_k, upsampled and scaled to 0-1, over the baseline. A channel that is the
    same everywhere shows nothing: S_k = S(baseline).

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: S; without a class, each whole picture's own highest one.
        layer: a spatial layer; None takes the last one that computes features.
        channels: run only so many, those that vary most over the picture ("Faster Score-CAM",
            measured by their standard deviation); 0 runs all.
        baseline: what shows where a mask is 0.
        batch: pictures in one run at most.
        progress: called after each run with masked pictures done, of how many.

    Returns:
        float32 (batch, height, width), at the picture's resolution, not negative.

    Raises:
        LayerNotFoundError: the network has no such layer.
        MethodError: the layer is not spatial, or not before the target; `channels` is negative.
    """
    if channels < 0:
        raise MethodError(f"expected 0 (all) or a number of channels, received {channels}")
    path = spatial_layer(inspector, target, layer)
    fixed = inspector.resolve(pixels, target)
    activation = inspector.activations(pixels, [path])[path]
    background = reference_pictures(pixels, baseline)
    empty = inspector.scores(background, fixed)
    count = min(channels or activation.shape[-1], activation.shape[-1])
    tally = Tally(progress, len(pixels) * count)
    summed = np.zeros(activation.shape[:3], np.float32)
    for row, picture in enumerate(pixels.astype(np.float32)):
        planes = _most_varied(activation[row], count)
        one = select(fixed, [row])
        scores = run_copies(
            lambda part, planes=planes, picture=picture, row=row: _seen_through(
                planes[part], picture, background[row]
            ),
            count,
            lambda copies, one=one: inspector.scores(copies, one),
            batch=batch,
            tally=tally,
        )
        summed[row] = np.tensordot(_softmax(scores - empty[row]), planes, 1)
    return np.maximum(upsample(summed, *pixels.shape[1:3]), 0)


def _most_varied(activation: Values, count: int) -> Values:
    """The channels with the largest standard deviation, in their own order: (count, h, w)."""
    planes = np.moveaxis(activation, -1, 0)
    if count == len(planes):
        return planes
    spread = planes.std(axis=(1, 2), dtype=np.float64)
    return planes[np.sort(np.argsort(-spread, kind="stable")[:count])]


def _seen_through(planes: Values, picture: Values, background: Values) -> Values:
    """The picture where each plane is high, the background where it is low."""
    masks = upsample(planes, *picture.shape[:2])
    low = masks.min(axis=(1, 2), keepdims=True)
    span = masks.max(axis=(1, 2), keepdims=True) - low
    span[span == 0] = 1  # a constant plane: nothing shows
    return np.add(background, ((masks - low) / span)[..., None] * (picture - background))


def _softmax(values: Values) -> Values:
    """Shares that sum to 1."""
    powers = np.exp(values - values.max())
    return powers / powers.sum()
