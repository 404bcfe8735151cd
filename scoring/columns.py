"""The columns of a part, and a batch of rows in them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bundle.manifest import Manifest
from engine.arrays import Scores
from engine.layers import find_layer
from scoring.best import best_classes
from scoring.errors import SettingsError
from scoring.pooling import Values, pooled_size
from scoring.row import Row
from scoring.settings import JobSettings

SCHEMA_VERSION = "1"
LAYER = "layer:"
"""What a layer's column is called before its path."""
MAX_SHARD_BYTES = 1_000_000_000
"""Of the numbers of one shard: it is in memory until it is committed, and a few are open."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Found:
    """What the network said of the pictures that it has seen.

    Args:
        scores: (pictures, classes).
        layers: path → (pictures, numbers of a picture), pooled.
    """

    scores: Scores
    layers: Mapping[str, Values]


class Columns:
    """Puts rows into the columns that a job's settings ask for."""

    def __init__(self, manifest: Manifest, settings: JobSettings) -> None:
        """Lay the columns out.

        Raises:
            SettingsError: one shard of them would be more than `MAX_SHARD_BYTES`.
            LayerNotFoundError: the network has no such layer.
        """
        classes = len(manifest.labels)
        wanted = settings.columns
        self._model = settings.model
        self._labels = pa.array(manifest.labels, pa.string())
        self._top_k = min(wanted.top_k, classes)
        self._all_scores = classes if wanted.all_scores else 0
        layers = [find_layer(manifest, path) for path in wanted.layers]
        self._layers = {layer.path: pooled_size(layer, wanted.pool) for layer in layers}
        shapes = {layer.path: layer.shape for layer in layers}
        self.schema = pa.schema(
            [*_fields(self._all_scores, self._layers, shapes, wanted.pool), *_LAST],
            {"cutaway.schema_version": SCHEMA_VERSION, "cutaway.score": manifest.output.score},
        )
        self._check_size(settings.input.shard_pictures)

    def fill(self, first_id: int, rows: Sequence[Row], found: Found) -> pa.RecordBatch:
        """The rows, numbered from `first_id`; `found` is of those with pixels, in their order."""
        count = len(rows)
        good = np.array([row.pixels is not None for row in rows], np.bool_)
        arrays = [
            pa.array(np.arange(first_id, first_id + count, dtype=np.int64)),
            pa.array([row.source for row in rows], pa.string()),
            pa.array([row.sha256 for row in rows], pa.string()),
            pa.array([row.width for row in rows], pa.int32()),
            pa.array([row.height for row in rows], pa.int32()),
            pa.array([row.expected for row in rows], pa.string()),
            *self._best(found.scores, good),
        ]
        if self._all_scores:
            arrays.append(_fixed_lists(found.scores, good, self._all_scores))
        for path, size in self._layers.items():
            arrays.append(_fixed_lists(found.layers[path], good, size))
        arrays += [
            pa.array([row.error_code for row in rows], pa.string()),
            pa.array([row.error_message for row in rows], pa.string()),
            _constant(self._model.name, count),
            pa.array(np.full(count, self._model.version, np.int32)),
            _constant(self._model.precision, count),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _best(self, scores: Scores, good: Mask) -> list[pa.Array]:
        """`class_ids`, `labels` and `scores`; null where there is nothing."""
        best = best_classes(scores, self._top_k)
        ids = pa.array(best.reshape(-1))
        values = np.take_along_axis(scores, best, axis=1).reshape(-1)
        offsets = np.concatenate([[0], np.cumsum(good * self._top_k)]).astype(np.int32)
        missing = pa.array(~good)
        return [
            pa.ListArray.from_arrays(pa.array(offsets), flat, mask=missing)
            for flat in (ids, self._labels.take(ids), pa.array(values))
        ]

    def _check_size(self, shard_pictures: int) -> None:
        """See `MAX_SHARD_BYTES`."""
        picture_bytes = 4 * (self._all_scores + sum(self._layers.values()))
        if picture_bytes * shard_pictures <= MAX_SHARD_BYTES:
            return
        raise SettingsError(
            f"a shard of {shard_pictures:,} pictures would hold "
            f"{picture_bytes * shard_pictures / 1e9:.1f} GB of numbers, and "
            f"at most {MAX_SHARD_BYTES / 1e9:g} GB may be in memory: use --pool mean, or "
            f"--shard {max(1, MAX_SHARD_BYTES // picture_bytes)}"
        )


def _fields(
    classes: int, layers: Mapping[str, int], shapes: Mapping[str, Sequence[int]], pool: str
) -> list[pa.Field]:
    """The columns up to those of the layers."""
    fields = list(_FIRST)
    if classes:
        fields.append(pa.field("all_scores", pa.list_(pa.float32(), classes)))
    for path, size in layers.items():
        about = {"cutaway.shape": json.dumps(list(shapes[path])), "cutaway.pool": pool}
        fields.append(pa.field(LAYER + path, pa.list_(pa.float32(), size), metadata=about))
    return fields


def _fixed_lists(values: Values, good: Mask, size: int) -> pa.Array:
    """Rows of `size` numbers where a picture is good, null elsewhere."""
    spread = np.zeros((len(good), size), np.float32)
    if good.any():
        spread[good] = values
    return pa.FixedSizeListArray.from_arrays(
        pa.array(spread.reshape(-1)), size, mask=pa.array(~good)
    )


def _constant(value: str, count: int) -> pa.Array:
    """One value in every row, stored once."""
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(count, np.int32)), pa.array([value], pa.string())
    )


_FIRST = (
    pa.field("id", pa.int64()),
    pa.field("source", pa.string()),
    pa.field("sha256", pa.string()),
    pa.field("width", pa.int32()),
    pa.field("height", pa.int32()),
    pa.field("expected", pa.string()),
    pa.field("class_ids", pa.list_(pa.int32())),
    pa.field("labels", pa.list_(pa.string())),
    pa.field("scores", pa.list_(pa.float32())),
)

_LAST = (
    pa.field("error_code", pa.string()),
    pa.field("error_message", pa.string()),
    pa.field("model", pa.dictionary(pa.int32(), pa.string())),
    pa.field("version", pa.int32()),
    pa.field("precision", pa.dictionary(pa.int32(), pa.string())),
)
