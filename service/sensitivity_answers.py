"""What was found, written: JSON, numbers, or a picture; in the inspection thread, too."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Manifest
from engine.attribution.faithfulness import Faithfulness
from engine.errors import TooMuchError
from engine.statistics import channel_statistics
from engine.targets import ChannelTarget, Target
from service.activations import ABOUT, ROWS
from service.archives import write_archive
from service.decoding import Json
from service.inspection import Job
from service.sensitivity import Found
from service.sensitivity_options import Asked
from service.targets import target_text

MAP = ":map"
SCORE = ":score"
"""Names beside the layers' in an archive; Keras allows no `:` in a layer's name."""

Values = NDArray[np.float32]


def sensitivity_json(
    job: Job, asked: Asked, found: Found | None, *, values: bool | None, max_values: int
) -> Json:
    """A `SensitivityAnswer`; without a good picture there is nothing but the errors.

    Args:
        job: of the request.
        asked: its query.
        found: what the method found.
        values: write the numbers out: all, none, or (None) those of maps if they are few.
        max_values: numbers that may be written out.
    """
    results = job.pictures.results
    timing = {**job.timing_ms, "inference": 0.0}
    if found is not None:
        timing["inference"] = round(found.inference_ms, 3)
        with_maps = _check_values(found, values, max_values)
        for row, index in enumerate(job.pictures.good):
            results[index] |= _result(
                job.inspector.manifest, found, row, maps=with_maps, tensors=bool(values)
            )
    manifest = job.inspector.manifest
    return {
        "model": manifest.name,
        "version": manifest.version,
        "precision": "fp32",
        "method": asked.method.name,
        "variant": asked.method.variant,
        "source": asked.method.source,
        "parameters": asked.parameters,
        "layers": list(found.layers if found else asked.layers),
        "reduce": asked.reduce if asked.method.result == "tensor" else None,
        "results": results,
        "passes": {
            "forward": found.forward if found else 0,
            "backward": found.backward if found else 0,
        },
        "timing_ms": timing,
    }


def write_arrays(found: Found, about: Json, rows: Sequence[int]) -> memoryview:
    """An archive: signed gradients (pictures, …) under their layers' paths, maps (pictures, h, w)
    under `:map`, the targets' own values (pictures,) under `:score`; `:rows`, which of the
    request's pictures they are; `:about`, the JSON answer."""
    arrays: dict[str, NDArray[Any]] = dict(found.tensors)
    if found.maps is not None:
        arrays[MAP] = found.maps
    arrays[SCORE] = found.scores
    arrays[ROWS] = np.array(rows, np.int64)
    arrays[ABOUT] = np.array(json.dumps(about))
    return write_archive(arrays)


def _check_values(found: Found, values: bool | None, cap: int) -> bool:
    """Whether maps are written out in numbers.

    Raises:
        TooMuchError: all numbers were asked for, and they are too many.
    """
    maps = found.maps.size if found.maps is not None else 0
    if values is None:
        return maps <= cap
    count = maps + sum(tensor.size for tensor in found.tensors.values())
    if values and count > cap:
        raise TooMuchError(
            f"asked {count} values in JSON; the cap is {cap}; ask for format=npz, or leave values "
            "out",
            asked=f"{count} values",
            cap=f"{cap} values",
            fits="format=npz",
        )
    return values


def _result(manifest: Manifest, found: Found, row: int, *, maps: bool, tensors: bool) -> Json:
    """One picture's part."""
    result: Json = {"target": _target(manifest, found.target, row, float(found.scores[row]))}
    result["gradients"] = [
        {
            "layer": path,
            **_numbers(tensor[row], written=tensors),
            "channels": channel_statistics(tensor[row]).columns(),
        }
        for path, tensor in found.tensors.items()
    ]
    if found.maps is not None:
        result["map"] = _numbers(found.maps[row], written=maps)
    if found.gaps is not None:
        result["completeness_gap"] = float(found.gaps[row])
    if found.faithfulness is not None:
        result["faithfulness"] = _faithfulness(found.faithfulness, row)
    return result


def _target(manifest: Manifest, target: Target, row: int, value: float) -> Json:
    """The target as it was resolved for one picture."""
    if isinstance(target, ChannelTarget):
        return {
            "query": target_text(target),
            "layer": target.layer,
            "channel": target.channel,
            "position": target.position,
            "seed": target.seed,
            "score": "activation",
            "value": value,
        }
    class_id = (target.class_ids or ())[row]
    return {
        "query": f"class:{class_id}",
        "class_id": class_id,
        "label": manifest.labels[class_id],
        "score": target.score,
        "value": value,
    }


def _numbers(values: Values, *, written: bool) -> Json:
    """Shape, statistics over all, and the values themselves or null."""
    whole = channel_statistics(values.reshape(-1, 1)).columns()
    return {
        "shape": values.shape,
        "statistics": {name: column[0] for name, column in whole.items()},
        "values": np.ascontiguousarray(values) if written else None,
    }


def _faithfulness(measured: Faithfulness, row: int) -> Json:
    """Areas and curves of one picture's map, and of the random maps beside it."""
    return {
        "deletion": float(measured.deletion[row]),
        "insertion": float(measured.insertion[row]),
        "random_deletion": float(measured.random_deletion[row]),
        "random_insertion": float(measured.random_insertion[row]),
        "curves": {
            "deletion": measured.deletion_curve[row].tolist(),
            "insertion": measured.insertion_curve[row].tolist(),
            "random_deletion": measured.random_deletion_curve[row].tolist(),
            "random_insertion": measured.random_insertion_curve[row].tolist(),
        },
    }
