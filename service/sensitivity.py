"""A sensitivity, computed: a few pictures at a time, counted, in an inspection thread."""

from dataclasses import dataclass
from math import prod
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Manifest
from engine.arrays import Pixels
from engine.attribution.faithfulness import Faithfulness, faithfulness
from engine.attribution.layers import spatial_layer
from engine.attribution.maps import to_map
from engine.attribution.pooled_head import find_pooled_head
from engine.attribution.variants import select
from engine.errors import TooMuchError
from engine.inspector import INPUT, Inspector
from engine.progress import Progress
from engine.targets import Target
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
class Found:
    """What a method found on a request's good pictures.

    Args:
        target: resolved: a class for each picture.
        scores: the target's own value: (batch,).
        layers: with respect to what; of a CAM the layer that it took.
        tensors: by layer (batch, *its shape), signed; empty for a method that answers a map.
        maps: (batch, h, w); None where no layer that was asked is the picture.
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
    target = inspector.resolve(pixels, asked.target)
    tensors = run_method(
        inspector, pixels, target, asked, layers=layers, passes=passes, max_batch=max_batch
    )
    backward = passes.done if asked.method.needs_gradient else 0
    maps: Values | None = None
    if asked.method.result == "map":
        maps = tensors.pop(layers[0])
    elif INPUT in tensors:
        maps = to_map(tensors[INPUT], asked.reduce)
    measured = None
    if asked.faithfulness and maps is not None:
        passes.begin()
        measured = faithfulness(
            inspector,
            pixels,
            target,
            maps,
            steps=STEPS,
            randoms=RANDOMS,
            progress=passes.of(len(pixels)),
        )
    return Found(
        target=target,
        scores=inspector.scores(pixels, target),
        layers=layers,
        tensors=tensors,
        maps=maps,
        faithfulness=measured,
        forward=passes.done,
        backward=backward,
        inference_ms=(perf_counter() - started) * 1000,
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
    if asked.layers or asked.method.result == "tensor":
        return asked.layers or (INPUT,)
    if not takes(asked.method, "layer"):
        return (INPUT,)
    if asked.method.name == "cam":
        return (find_pooled_head(inspector.graph, inspector.manifest).layers[0],)
    return (spatial_layer(inspector, asked.target, None),)


def run_method(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    asked: Asked,
    *,
    layers: tuple[str, ...],
    passes: Passes,
    max_batch: int,
) -> dict[str, Values]:
    """A few pictures at a time: by layer, what the method answers for all of them."""
    pieces: list[dict[str, Values]] = []
    for start in range(0, len(pixels), max_batch):
        rows = range(start, min(start + max_batch, len(pixels)))
        progress = passes.of(len(rows), saved_by=asked.parameters)
        some = pixels[rows.start : rows.stop]
        own = select(target, rows)
        pieces.append(_run(inspector, some, own, asked, layers=layers, progress=progress))
    return {path: np.concatenate([piece[path] for piece in pieces]) for path in layers}


def _run(
    inspector: Inspector,
    pixels: Pixels,
    target: Target,
    asked: Asked,
    *,
    layers: tuple[str, ...],
    progress: Progress,
) -> dict[str, Values]:
    """One piece: by layer, (batch, *shape) of a tensor method, (batch, h, w) of a map."""
    method = asked.method
    if method.name in RULES:
        progress(0, len(pixels))  # refuses what is too much before it is run
        way_back = inspector.sensitivity(pixels, target, layers, rule=RULES[method.name])
        progress(len(pixels), len(pixels))
        return way_back.gradients
    options = dict(asked.parameters)
    if takes(method, "layer"):
        options["layer"] = layers[0]
    if takes(method, "progress"):
        return {layers[0]: method.function(inspector, pixels, target, progress=progress, **options)}
    progress(0, len(pixels))
    values = method.function(inspector, pixels, target, **options)
    progress(len(pixels), len(pixels))
    return {layers[0]: values}
