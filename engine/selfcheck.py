"""Does a method explain this model? Its maps must change when the model's weights do.

Cascading parameter randomisation (Adebayo et al. 2018): from the logits down, layer after layer,
the weights become random, and the method's map of the same picture and class is compared with the
original one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.maps import to_map
from engine.attribution.similarity import is_dead, spearman, ssim
from engine.errors import MethodError
from engine.inspector import Inspector
from engine.progress import Progress, silent
from engine.randomization import WeightedOperator, randomize, weighted_operators
from engine.targets import Target

Maps = NDArray[np.float32]

PICTURES = 4
"""Axes of (batch, height, width, channels)."""

Explain = Callable[[Inspector, Pixels, Target], Maps]
"""A method with its options bound: signed (batch, height, width, channels), or (batch, h, w)."""

THRESHOLD = 0.5
"""Of the mean rank correlation over the stages.

Measured on two EfficientNet-Lite0 bundles (224x224, 1000 classes; 96x96, 10 classes) with 12
photographs and two or three seeds: guided backpropagation .74-.76, deconvnet .58-.65; LayerCAM at
most .40, Grad-CAM and the gradient within .02 of 0. Signed values, because absolute ones keep what
every network makes of the picture: they give the gradient .26, and input x gradient .49.
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """How alike the maps still are when some layers are random: means over the living originals.

    Args:
        layers: made random at this stage, from the head down; those of earlier stages still are.
        spearman: rank correlation of the signed values.
        spearman_absolute: of what is shown, the largest absolute value over the channels.
        ssim: structural similarity of what is shown.
        dead: share of the maps that have become constant; each counts as similarity 0.
    """

    layers: tuple[str, ...]
    spearman: float
    spearman_absolute: float
    ssim: float
    dead: float


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The outcome for one method.

    Args:
        stages: in the order of the cascade; after the last one every weight is random.
        dead: share of the pictures whose original map is constant; they are left out.
        similarity: mean of the stages' `spearman`.
        threshold: what it must stay below.
        sensitive: whether the method passes: it shows something, and something that was learnt.
    """

    stages: tuple[Stage, ...]
    dead: float
    similarity: float
    threshold: float
    sensitive: bool


def selfcheck(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    explain: Explain,
    *,
    stages: int = 8,
    seed: int = 0,
    progress: Progress = silent,
) -> SelfCheck:
    """Run the cascade for one method.

    The bundle is not touched and nothing is written: the random weights live in graphs in memory,
    whose sessions go when their stage is over.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: J; without a class, each picture's own highest one, of the original network.
        explain: the method.
        stages: at least 1; at most so many, evenly over the weighted operators.
        seed: of the random weights.
        progress: called after each stage with pictures explained, of how many.

    Raises:
        MethodError: the network has no weights that could be made random.
    """
    fixed = inspector.resolve(pixels, target)
    cascade = _cascade(inspector, stages)
    original = explain(inspector, pixels, fixed)
    alive = np.array([not is_dead(tensor) for tensor in original])
    total = len(pixels) * (len(cascade) + 1)
    progress(len(pixels), total)
    found: list[Stage] = []
    for layers, other in _random_networks(inspector, cascade, seed):
        maps = explain(other, pixels, fixed)
        found.append(_compare(original[alive], maps[alive], layers))
        progress(len(pixels) * (len(found) + 1), total)
    similarity = fmean(stage.spearman for stage in found)
    return SelfCheck(
        stages=tuple(found),
        dead=1 - float(alive.mean()),
        similarity=similarity,
        threshold=THRESHOLD,
        sensitive=bool(alive.any()) and similarity < THRESHOLD,
    )


def _cascade(inspector: Inspector, stages: int) -> list[list[WeightedOperator]]:
    """The weighted operators from the head down, in at most so many groups of even size."""
    operators = weighted_operators(inspector.graph, inspector.manifest)[::-1]
    if not operators:
        raise MethodError(f"{inspector.manifest.name} has no weights that could be made random")
    count = min(stages, len(operators))
    cuts = [round(index * len(operators) / count) for index in range(count + 1)]
    return [operators[first:last] for first, last in pairwise(cuts)]


def _random_networks(
    inspector: Inspector, cascade: list[list[WeightedOperator]], seed: int
) -> Iterator[tuple[tuple[str, ...], Inspector]]:
    """Stage after stage: the layers that become random, and the network in which they are."""
    names: list[str] = []
    for operators in cascade:
        names += [name for operator in operators for name in operator.tensors]
        graph = randomize(inspector.graph, inspector.folder, names, seed)
        yield tuple(operator.layer for operator in operators), inspector.variant(graph)


def _compare(original: Maps, changed: Maps, layers: tuple[str, ...]) -> Stage:
    if not len(original):
        return Stage(layers, spearman=0, spearman_absolute=0, ssim=0, dead=0)
    pairs = list(zip(original, changed, strict=True))
    shown = list(zip(_shown(original), _shown(changed), strict=True))
    return Stage(
        layers=layers,
        spearman=fmean(spearman(a, b) for a, b in pairs),
        spearman_absolute=fmean(spearman(a, b) for a, b in shown),
        ssim=fmean(ssim(a, b) for a, b in shown),
        dead=fmean(is_dead(b) for _, b in pairs),
    )


def _shown(maps: Maps) -> Maps:
    """What a person sees of them: (batch, h, w)."""
    return to_map(maps if maps.ndim == PICTURES else maps[..., None])
