"""What a bundle says of itself: its manifest, golden pictures and measurements."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from bundle.manifest import (
    EndToEnd,
    File,
    ImageInput,
    Layer,
    Manifest,
    Output,
    Precision,
    Preprocessing,
    Source,
)
from bundle.repository import GOLDEN, PARITY, PREDICT
from engine.arrays import Pixels
from export.convert import INPUT, OUTPUT, TracedLayer
from export.end_to_end import MAX_PROBABILITY_DIFFERENCE, Comparison
from export.network import Network
from export.options import ConvertOptions
from export.parity import BATCHES, LayerParity, Parity, run_keras

GOLDEN_PICTURES = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything of a manifest that is known before the gates.

    Args:
        options: the user's.
        network: the checked model.
        labels: one a class.
        layers: as they were traced.
        differentiable: the tensors on which the prediction depends differentiably.
        source: the file's name and sha256.
    """

    options: ConvertOptions
    network: Network
    labels: tuple[str, ...]
    layers: tuple[TracedLayer, ...]
    differentiable: frozenset[str]
    source: tuple[str, str]

    def manifest(
        self,
        dtype: Literal["uint8", "float32"],
        *,
        number: int = 1,
        files: dict[str, File] | None = None,
        measured: EndToEnd | None = None,
    ) -> Manifest:
        """The manifest; without measurements it serves the gates alone and is never written."""
        height, width = self.network.size
        options = self.options
        return Manifest(
            name=options.name,
            version=number,
            created=datetime.now(UTC).replace(microsecond=0),
            source=self._source(),
            labels=self.labels,
            input=ImageInput(
                tensor=INPUT,
                dtype=dtype,
                height=height,
                width=width,
                channels=3 if self.network.channels == 3 else 1,  # noqa: PLR2004 RGB or grey
            ),
            preprocessing=Preprocessing(
                recipe=options.recipe,
                method=options.method,
                interpolation=options.interpolation,
                antialias=options.antialias,
                crop_fraction=options.crop_fraction,
                exif=options.exif,
                background=options.background,
                in_graph=self.network.in_graph,
            ),
            output=Output(tensor=OUTPUT, activation=self.network.head.activation),
            layers=tuple(self._layer(layer) for layer in self.layers),
            precisions=(
                Precision(name="fp32", file=PREDICT, top1_agreement=1, max_abs_difference=0),
            ),
            end_to_end=measured or EndToEnd(images=1, top1_agreement=0, max_abs_difference=1),
            accuracy=options.accuracy,
            files=files or {},
        )

    def _source(self) -> Source:
        """What the bundle was made from, and with."""
        file, sha256 = self.source
        return Source(
            file=file,
            sha256=sha256,
            keras_version=keras.__version__,
            tensorflow_version=tf.__version__,
            tf2onnx_version=version("tf2onnx"),
            architecture=self.network.architecture,
            training=self.options.training,
        )

    def _layer(self, layer: TracedLayer) -> Layer:
        """One row of the layer table."""
        return Layer(
            path=layer.path,
            keras_class=layer.keras_class,
            shape=layer.shape,
            channels=layer.shape[-1],
            tensor=layer.tensor,
            parameters=layer.parameters,
            differentiable=layer.tensor in self.differentiable,
        )


def write_golden(folder: Path, network: Network, files: Sequence[str], pixels: Pixels) -> None:
    """`golden.npz`: a few pictures as the network sees them, and what Keras answers to them.

    Arrays: `pixels` (pictures, height, width, channels) in the input's type, `predictions` float32
    (pictures, classes), `files` their names.
    """
    chosen = pixels[:GOLDEN_PICTURES]
    predictions, _ = run_keras(network, chosen)
    np.savez_compressed(
        folder / GOLDEN,
        pixels=chosen,
        predictions=predictions,
        files=np.array(files[:GOLDEN_PICTURES]),
    )


def write_parity(folder: Path, parity: Parity, comparison: Comparison, dtype: str) -> None:
    """`parity.json`: what the gates measured, a row per layer."""
    report = {
        "batches": list(BATCHES),
        "prediction": _row(parity.prediction),
        "layers": [_row(row) for row in parity.layers],
        "end_to_end": {
            "input_dtype": dtype,
            "images": len(comparison.files),
            "top1_agreement": comparison.top1_agreement,
            "max_abs_difference": comparison.max_abs_difference,
            "allowed": MAX_PROBABILITY_DIFFERENCE,
            "ties": list(comparison.ties),
            "per_image": {
                name: float(difference)
                for name, difference in zip(comparison.files, comparison.differences, strict=True)
            },
        },
    }
    text = json.dumps(report, indent=1) + "\n"
    (folder / PARITY).write_text(text, encoding="utf-8")


def _row(row: LayerParity) -> dict[str, Any]:
    """One tensor's measurement."""
    return {
        "path": row.path,
        "shape": list(row.shape),
        "max_abs_error": row.max_abs_error,
        "relative_error": row.relative_error,
        "allowed": row.allowed,
    }
