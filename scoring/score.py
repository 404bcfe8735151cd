"""Pictures → rows: decoded, run through the network, put into columns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.arrays import Pixels
from engine.classifier import Classifier
from engine.images import ImageLimits
from scoring.columns import Columns, Found
from scoring.model import open_model
from scoring.pooling import Values, pool
from scoring.row import decode_row
from scoring.settings import JobSettings
from scoring.sources.picture import Picture


class Scorer:
    """Scores the fixed batches of a job; thread-safe.

    A batch's bytes in the output follow from its pictures and the settings alone.
    """

    def __init__(self, classifier: Classifier, settings: JobSettings) -> None:
        """Lay the columns out.

        Args:
            classifier: with one thread a run, so that the order of its sums is always the same.
            settings: of the job.

        Raises:
            SettingsError: a shard would not fit into memory.
            LayerNotFoundError: the network has no such layer.
        """
        self._classifier = classifier
        self._settings = settings.columns
        self._limits = ImageLimits(
            max_pixels=settings.model.max_image_pixels, max_aspect=settings.model.max_image_aspect
        )
        self._columns = Columns(classifier.manifest, settings)
        self.schema: pa.Schema = self._columns.schema

    def score(self, pictures: Sequence[Picture], first_id: int) -> pa.RecordBatch:
        """One row a picture, in their order; what cannot be used is a row with its error.

        Args:
            pictures: one fixed batch; the good ones go through the network in one run.
            first_id: of the first; the others count on.

        Raises:
            DeviceMemoryError: the device has not the memory for this batch.
        """
        rows = [decode_row(picture, self._classifier, self._limits) for picture in pictures]
        found = self._run([row.pixels for row in rows if row.pixels is not None])
        return self._columns.fill(first_id, rows, found)

    def _run(self, pixels: list[Pixels]) -> Found:
        """The network's scores, and layers where they are asked for: then both of one fp32 run, as
        the service answers them."""
        wanted = self._settings.layers
        if not pixels:
            classes = len(self._classifier.manifest.labels)
            return Found(_nothing(classes), {path: _nothing(0) for path in wanted})
        batch = np.stack(pixels)
        if not wanted:
            return Found(self._classifier.predict(batch), {})
        self._classifier.check_pixels(batch)
        layers, scores = self._classifier.inspector.observe(batch, wanted)
        return Found(scores, {path: pool(layers[path], self._settings.pool) for path in wanted})


def open_scorer(settings: JobSettings, models: Path) -> Scorer:
    """The job's model, running, in whichever process.

    Args:
        settings: of the job.
        models: the model repository.

    Raises:
        SettingsError: the model is not the one that the job was begun with.
        BundleError: there is no such model, or its files were altered.
        EngineError: it does not run here as the settings say.
    """
    return Scorer(open_model(settings.model, models), settings)


def _nothing(width: int) -> Values:
    """No row."""
    return np.empty((0, width), np.float32)
