"""Faithfulness: does the network agree that a map's highest places matter most?"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.attribution.baselines import Baseline, reference_pictures
from engine.attribution.copies import Copies, Tally, run_copies
from engine.attribution.maps import upsample
from engine.errors import MethodError
from engine.inspector import Inspector
from engine.progress import Progress, silent
from engine.seeds import seed as one_hot
from engine.targets import ClassTarget, Target

Values = NDArray[np.float32]
Ranks = NDArray[np.intp]

# The blur that insertion starts from, as Petsiuk et al. (2018) have it.
_KERNEL_PIXELS, _SIGMA_PIXELS = 11, 5.0


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Areas under the curves of a class's probability, 0-1, beside those of random maps.

    Args:
        deletion: (batch,), while the map's highest pixels go first. Lower is better.
        insertion: (batch,), while they come first. Higher is better.
        random_deletion: (batch,), the yardstick: the mean over random maps.
        random_insertion: (batch,).
        deletion_curve: (batch, steps + 1), from the picture to its baseline.
        insertion_curve: (batch, steps + 1), from the blurred picture to the picture.
        random_deletion_curve: (batch, steps + 1), the mean over random maps.
        random_insertion_curve: (batch, steps + 1).
    """

    deletion: Values
    insertion: Values
    random_deletion: Values
    random_insertion: Values
    deletion_curve: Values
    insertion_curve: Values
    random_deletion_curve: Values
    random_insertion_curve: Values


def faithfulness(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    maps: Values,
    *,
    steps: int = 20,
    randoms: int = 3,
    seed: int = 0,
    baseline: Baseline = "black",
    batch: int = 8,
    progress: Progress = silent,
) -> Faithfulness:
    """Deletion and insertion (Petsiuk et al., 2018) of maps, and of random maps beside them.

    Pixels go, or come, in equal steps in the order of the signed map, highest first; equal ones in
    reading order. A random map has the amplitude spectrum of the map it stands beside and random
    phases: it is as coarse, and lies elsewhere. Single random pixels are no yardstick for it: they
    break a picture sooner than any region does (a cat's deletion area was 0.02 with them, 0.33 with
    random maps of this kind, 0.24 with its CAM).

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels), levels 0-255.
        target: a class; without one, each picture's own highest. Its probability is what counts,
            whatever the target's score; of a network that answers logits, their softmax.
        maps: (batch, h, w), signed, of any resolution.
        steps: from the first pixel to the last.
        randoms: random maps for each picture, at least 1.
        seed: of the random maps.
        baseline: what a deleted pixel becomes.
        batch: pictures in one run at most.
        progress: called after each run with changed pictures done, of how many:
            2 · (steps + 1) · (1 + randoms) for each picture.

    Raises:
        MethodError: the target is no class, or there are no steps or no random maps.
    """
    if not isinstance(target, ClassTarget):
        raise MethodError("faithfulness follows the probability of a class, not a channel")
    if steps < 1 or randoms < 1:
        raise MethodError(f"expected at least 1 step and 1 random map, got {steps} and {randoms}")
    of_class = _one_hot(inspector, pixels, target)
    levels = pixels.astype(np.float32)
    gone, vague = reference_pictures(levels, baseline), blur(levels)
    full = upsample(maps, *levels.shape[1:3])
    tally = Tally(progress, len(levels) * 2 * (steps + 1) * (1 + randoms))
    curves = np.zeros((2, len(levels), 1 + randoms, steps + 1), np.float32)
    for row, picture in enumerate(levels):

        def curve(before: Values, after: Values, ranks: Ranks, row: int = row) -> Values:
            return run_copies(
                _exchange(before, after, ranks, steps),
                steps + 1,
                lambda copies: _probabilities(inspector, copies) @ of_class[row],
                batch=batch,
                tally=tally,
            )

        rng = np.random.default_rng(seed)
        others = [random_like(full[row], rng) for _ in range(randoms)]
        for index, values in enumerate([full[row], *others]):
            ranks = _ranks(values)
            curves[0, row, index] = curve(picture, gone[row], ranks)
            curves[1, row, index] = curve(vague[row], picture, ranks)
    return _summary(*curves)


def blur(pictures: Values) -> Values:
    """Gaussian, kernel 11, σ 5 pixels; beyond the border the edge goes on."""
    reach = _KERNEL_PIXELS // 2
    kernel = np.exp(-np.square(np.arange(-reach, reach + 1) / _SIGMA_PIXELS) / 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    for axis in (1, 2):
        margin = [(reach, reach) if each == axis else (0, 0) for each in range(pictures.ndim)]
        wide = np.pad(pictures, margin, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(wide, _KERNEL_PIXELS, axis=axis)
        pictures = windows @ kernel
    return pictures


def random_like(values: Values, rng: np.random.Generator) -> Values:
    """A random map (height, width) with this map's amplitude spectrum."""
    noise = np.fft.rfft2(rng.standard_normal(values.shape))
    spectrum = np.abs(np.fft.rfft2(values)) * np.exp(1j * np.angle(noise))
    return np.fft.irfft2(spectrum, s=values.shape).astype(np.float32)


def _one_hot(inspector: Inspector, pixels: Pixels, target: ClassTarget) -> Values:
    """(batch, classes): 1 at each picture's class; its checked ids, whatever the score."""
    fixed = inspector.resolve(pixels, replace(target, score="logit"))
    return one_hot(inspector.manifest, fixed, len(pixels))


def _probabilities(inspector: Inspector, pictures: Values) -> Values:
    """(batch, classes), softmax of what a network answers in logits."""
    answers = inspector.predict(pictures)
    if inspector.manifest.output.score == "probability":
        return answers
    powers = np.exp(answers - answers.max(axis=-1, keepdims=True))
    return np.divide(powers, powers.sum(axis=-1, keepdims=True))


def _ranks(values: Values) -> Ranks:
    """Each pixel's place in the order: 0 is the highest; equal ones in reading order."""
    order = np.argsort(-values, axis=None, kind="stable")
    ranks = np.empty(values.size, np.intp)
    ranks[order] = np.arange(values.size)
    return ranks.reshape(values.shape)


def _exchange(before: Values, after: Values, ranks: Ranks, steps: int) -> Copies:
    """Copies of one picture in which the highest pixels, step by step, are the other's."""
    changed = np.linspace(0, ranks.size, steps + 1).round()

    def copies(part: slice) -> Values:
        return np.where((ranks < changed[part, None, None])[..., None], after, before)

    return copies


def _summary(deletion: Values, insertion: Values) -> Faithfulness:
    """Curves (batch, the map and its random ones, steps + 1) to areas."""
    own_deletion, own_insertion = deletion[:, 0], insertion[:, 0]
    random_deletion, random_insertion = deletion[:, 1:].mean(axis=1), insertion[:, 1:].mean(axis=1)
    return Faithfulness(
        deletion=_area(own_deletion),
        insertion=_area(own_insertion),
        random_deletion=_area(random_deletion),
        random_insertion=_area(random_insertion),
        deletion_curve=own_deletion,
        insertion_curve=own_insertion,
        random_deletion_curve=random_deletion,
        random_insertion_curve=random_insertion,
    )


def _area(curves: Values) -> Values:
    """Trapezoids of width 1 / steps: (batch, steps + 1) → (batch,)."""
    return np.float32(0.5) * (curves[:, :-1] + curves[:, 1:]).mean(axis=1)
