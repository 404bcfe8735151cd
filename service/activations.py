"""Activations on the wire: what was observed, as JSON or as an archive."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from bundle.manifest import Manifest
from service.archives import write_archive
from service.decoding import Json
from service.inspection import Job
from service.observations import Observations, Shown, Wish
from service.predictions import best_classes

ABOUT = ":about"
ROWS = ":rows"
CHANNELS = ":channels"
CONTRIBUTIONS = ":contributions"
"""Names beside the layers' in an archive; Keras allows no `:` in a layer's name."""


def write_json(job: Job, manifest: Manifest, wish: Wish, seen: Observations, top_k: int) -> bytes:
    """An `ActivationsAnswer`."""
    answer = _head(job, manifest, wish, seen)
    _add_classes(job, manifest, seen, top_k)
    for row, index in enumerate(job.pictures.good):
        job.pictures.results[index]["layers"] = [
            {"layer": path, **_layer_json(shown[row])} for path, shown in seen.layers.items()
        ]
    answer["results"] = job.pictures.results
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)


def write_npz(
    job: Job, manifest: Manifest, wish: Wish, seen: Observations, top_k: int
) -> memoryview:
    """An archive: of each layer the values (pictures, …, channels) under its path and which
    channels they are (pictures, channels) under `<path>:channels`, sorted by contribution also
    those under `<path>:contributions`; `:rows`, which of the request's pictures the rows are;
    `:about`, the rest as JSON."""
    about = _head(job, manifest, wish, seen)
    _add_classes(job, manifest, seen, top_k)
    about["results"] = job.pictures.results
    about["saturated"] = {
        path: [item.saturated for item in shown] for path, shown in seen.layers.items()
    }
    arrays: dict[str, NDArray[Any]] = {}
    for layer in wish.selection.layers:
        shown = seen.layers[layer.path]
        shape = wish.selection.shape(layer)
        arrays[layer.path] = np.empty((len(shown), *shape), wish.dtype)
        for row, item in enumerate(shown):
            arrays[layer.path][row] = item.values
        rows = (len(shown), shape[-1])
        channels = [item.channels for item in shown]
        arrays[layer.path + CHANNELS] = np.array(channels, np.int64).reshape(rows)
        if wish.sort == "contribution":
            given = [item.contributions for item in shown]
            arrays[layer.path + CONTRIBUTIONS] = np.array(given, np.float64).reshape(rows)
    arrays[ROWS] = np.array(job.pictures.good, np.int64)
    arrays[ABOUT] = np.array(json.dumps(about, default=float))
    return write_archive(arrays)


def _head(job: Job, manifest: Manifest, wish: Wish, seen: Observations) -> Json:
    """What holds for all pictures."""
    crop = wish.selection.crop
    return {
        "model": manifest.name,
        "version": manifest.version,
        "precision": "fp32",
        "score": manifest.output.score,
        "dtype": wish.dtype,
        "sort": wish.sort,
        "crop": None if crop is None else asdict(crop),
        "layers": [
            {
                "layer": layer.path,
                "keras_class": layer.keras_class,
                "shape": list(layer.shape),
                "selected": list(wish.selection.shape(layer)),
            }
            for layer in wish.selection.layers
        ],
        "timing_ms": {**job.timing_ms, "inference": round(seen.inference_ms, 3)},
    }


def _add_classes(job: Job, manifest: Manifest, seen: Observations, top_k: int) -> None:
    """The best classes of each good picture, if they are known."""
    if seen.predictions is None:
        return
    for row, index in enumerate(job.pictures.good):
        best = best_classes(seen.predictions[row], manifest.labels, top_k)
        job.pictures.results[index]["classes"] = best


def _layer_json(shown: Shown) -> Json:
    """One layer on one picture."""
    found: Json = {"channels": shown.channels}
    if shown.statistics is not None:
        found["statistics"] = shown.statistics.columns()
    if shown.contributions is not None:
        found["contributions"] = shown.contributions
    if shown.values is not None:
        found["values"] = np.ascontiguousarray(shown.values)
        found["saturated"] = shown.saturated
    return found
