"""A sensitivity, computed: a few pictures at a time, counted, in an inspection thread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from time import perf_counter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Manifest
from engine.arrays import Pixels
from engine.attribution.baselines import Baseline
from engine.attribution.faithfulness import Faithfulness, faithfulness
from engine.attribution.integrated_gradients import completeness_gap, integrated_gradients
from engine.attribution.layers import spatial_layer
from engine.attribution.maps import to_map
from engine.attribution.pooled_head import find_pooled_head
from engine.attribution.variants import select
from engine.errors import TooMuchError
from engine.inspector import INPUT, Inspector
from engine.progress import Progress
from engine.targets import ClassTarget, Target
from service.inspection import Job
from service.methods import takes
from service.passes import Passes
from service.sensitivity_options import RULES, Asked
from service.settings import Settings

STEPS = 20
RANDOMS = 3
"""Of faithfulness: steps of a curve, and random maps beside each map."""
_FAITHFULNESS_PASSES = 2 * (STEPS + 1) * (1 + RANDOMS)

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Explained:
    """What a method answers.

    Args:
        values: by layer: (batch, *its shape), signed; or one map (batch, h, w).
        target: resolved: a class for each picture.
        scores: the target's own value: (batch,).
    """

    values: dict[str, Values]
    target: Target
    scores: Values


@dataclass(frozen=True, slots=True)
class Found:
    """What a method found on a request's good pictures.

    Args:
        target: resolved: a class for each picture.
        scores: the target's own value: (batch,).
        layers: with respect to what; of a CAM the layer that it took.
        tensors: by layer (batch, *its shape), signed; empty for a method that answers a map.
        maps: (batch, h, w); None where no layer that was asked is the picture.
        gaps: what integrated gradients' steps left open, a picture: (batch,); None of others.
        faithfulness: of the maps, if it was asked for.
        forward: pictures run through the network by the method and for its faithfulness.
        backward: those of them that were run back, too.
        inference_ms: all of it.
    """

    target: Target
    scores: Values
    layers: tuple[str, ...]
    tensors: dict[str, Values]
    maps: Values | None
    gaps: Values | None
    faithfulness: Faithfulness | None
    forward: int
    backward: int
    inference_ms: float


def find_sensitivity(job: Job, asked: Asked, *, max_batch: int, max_passes: int) -> Found:
    """Run a method on a job's good pictures, of which there must be one.

    Raises:
        TooMuchError: more passes than `max_passes`; found out after the first run of them.
        EngineError: what the method says of this network; see its function.
    """
    started = perf_counter()
    inspector, pixels = job.inspector, job.pictures.pixels
    passes = Passes(job.progress, pictures=len(pixels), cap=max_passes)
    passes.begin(reserved=_FAITHFULNESS_PASSES * len(pixels) if asked.faithfulness else 0)
    layers = find_layers(inspector, asked)
    answer = run_method(
        inspector, pixels, asked.target, asked, layers=layers, passes=passes, max_batch=max_batch
    )
    backward = passes.done if asked.method.needs_gradient else 0
    tensors, maps = answer.values, None
    if asked.method.result == "map":
        tensors, maps = {}, answer.values[layers[0]]
    elif INPUT in tensors:
        maps = to_map(tensors[INPUT], asked.reduce)
    measured = None
    if asked.faithfulness and maps is not None:
        passes.begin()
        measured = _measure(job, answer.target, maps, passes)
    return Found(
        target=answer.target,
        scores=answer.scores,
        layers=layers,
        tensors=tensors,
        maps=maps,
        gaps=_gaps(job, asked, answer.target, tensors),
        faithfulness=measured,
        forward=passes.done,
        backward=backward,
        inference_ms=(perf_counter() - started) * 1000,
    )


def _gaps(job: Job, asked: Asked, target: Target, tensors: dict[str, Values]) -> Values | None:
    """How far integrated gradients are from adding up to what they explain."""
    if asked.method.function is not integrated_gradients:
        return None
    baseline = cast("Baseline", asked.parameters["baseline"])
    return completeness_gap(
        job.inspector, job.pictures.pixels, target, tensors[INPUT], baseline=baseline
    )


def _measure(job: Job, target: Target, maps: Values, passes: Passes) -> Faithfulness:
    """Deletion and insertion of maps."""
    pixels = job.pictures.pixels
    progress = passes.of(len(pixels))
    return faithfulness(
        job.inspector, pixels, target, maps, steps=STEPS, randoms=RANDOMS, progress=progress
    )


def check_size(asked: Asked, manifest: Manifest, images: int, settings: Settings) -> None:
    """Raise TooMuchError for gradients above the caps, before anything is run."""
    if asked.method.result == "map":
        return
    spec = manifest.input
    shapes = {layer.path: layer.shape for layer in manifest.layers}
    shapes[INPUT] = (spec.height, spec.width, spec.channels)
    layers = asked.layers or (INPUT,)
    if len(layers) > settings.max_activation_layers:
        cap = f"{settings.max_activation_layers} layers"
        raise TooMuchError(
            f"asked for the gradients of {len(layers)} layers; the cap is {cap} a request",
            asked=f"{len(layers)} layers",
            cap=cap,
            fits=cap,
        )
    one = sum(prod(shapes[path]) for path in layers) * np.dtype(np.float32).itemsize
    cap_bytes = settings.max_activation_bytes
    if one * images > cap_bytes:
        fitting = cap_bytes // one
        fits = f"{fitting} pictures" if fitting else "fewer or smaller layers"
        raise TooMuchError(
            f"asked for {one * images / 1e6:.1f} MB of gradients of {len(layers)} layers and "
            f"{images} pictures; the cap is {cap_bytes / 1e6:g} MB; what fits: {fits}",
            asked=f"{one * images / 1e6:.1f} MB",
            cap=f"{cap_bytes / 1e6:g} MB",
            fits=fits,
        )


def find_layers(inspector: Inspector, asked: Asked) -> tuple[str, ...]:
    """With respect to what: what was asked, or the method's own default.

    Raises:
        MethodError: the network has no layer that the method could take.
    """
    method = asked.method
    if method.result == "tensor":
        return asked.layers or (INPUT,)
    if not takes(method, "layer"):
        return (INPUT,)
    named = asked.layers[0] if asked.layers else None
    if method.name == "cam" and named is None:
        return (find_pooled_head(inspector.graph, inspector.manifest).layers[0],)
    return (spatial_layer(inspector, asked.target, named),)


def run_method(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    asked: Asked,
    *,
    layers: tuple[str, ...],
    passes: Passes,
    max_batch: int,
) -> Explained:
    """A method on all pictures, a few at a time."""
    if isinstance(target, ClassTarget) and target.class_ids is not None:
        target = inspector.resolve(pixels, target)  # one class a picture; that needs no run
    pieces: list[Explained] = []
    for start in range(0, len(pixels), max_batch):
        rows = range(start, min(start + max_batch, len(pixels)))
        progress = passes.of(len(rows), saved_by=asked.parameters)
        some, own = pixels[rows.start : rows.stop], select(target, rows)
        pieces.append(_explain(inspector, some, own, asked, layers=layers, progress=progress))
    return _join(pieces)


def _explain(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    asked: Asked,
    *,
    layers: tuple[str, ...],
    progress: Progress,
) -> Explained:
    """A method on a few pictures; where one run back is all it takes, that run gives all."""
    method = asked.method
    rule, combine = RULES.get(method.name), method.combine
    if rule is None and combine is None:
        return _call(inspector, pixels, target, asked, layers=layers, progress=progress)
    progress(0, len(pixels))  # what is too much already is refused before it is run
    shown = () if combine is None else layers
    run = inspector.sensitivity(pixels, target, layers, rule=rule or "gradient", activations=shown)
    progress(len(pixels), len(pixels))
    values = run.gradients
    if combine is not None:
        path = layers[0]
        values = {path: combine(run.gradients[path], run.activations[path])}
    return Explained(values, run.target, run.scores)


def _call(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    asked: Asked,
    *,
    layers: tuple[str, ...],
    progress: Progress,
) -> Explained:
    """Any method, by its own function."""
    method, options = asked.method, dict(asked.parameters)
    if takes(method, "layer"):
        options["layer"] = layers[0]
    if takes(method, "progress"):
        options["progress"] = progress
    else:
        progress(0, len(pixels))
    fixed = inspector.resolve(pixels, target)
    values = method.function(inspector, pixels, fixed, **options)
    if not takes(method, "progress"):
        progress(len(pixels), len(pixels))
    return Explained({layers[0]: values}, fixed, inspector.scores(pixels, fixed))


def _join(pieces: Sequence[Explained]) -> Explained:
    """All pictures' answers in one."""
    target = pieces[0].target
    if isinstance(target, ClassTarget):
        found = [piece.target for piece in pieces]
        ids = [i for own in found if isinstance(own, ClassTarget) for i in own.class_ids or ()]
        target = replace(target, class_ids=tuple(ids))
    return Explained(
        {path: np.concatenate([p.values[path] for p in pieces]) for path in pieces[0].values},
        target,
        np.concatenate([piece.scores for piece in pieces]),
    )
