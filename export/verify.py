"""The gates between conversion and publication, in the order in which they explain best."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx

from bundle.repository import INSPECT, PREDICT, Bundle
from engine.arrays import Pixels
from engine.classifier import Classifier
from engine.errors import EngineError
from engine.graphs import load_graph
from export.convert import INPUT, OUTPUT
from export.end_to_end import (
    Comparison,
    check_end_to_end,
    compare_end_to_end,
    decode_samples,
)
from export.errors import GateError
from export.graphs import declare_float32
from export.parity import Parity, check_parity, measure_parity, parity_batches
from export.publish import Draft

Dtype = Literal["uint8", "float32"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates measured of a bundle that passed them all.

    Args:
        dtype: of the input that was declared in the end.
        rounding: the end-to-end difference under uint8, where that is why float32 was declared.
        pixels: the sample pictures as the network sees them.
    """

    dtype: Dtype
    parity: Parity
    comparison: Comparison
    pixels: Pixels
    rounding: float | None = None


def verify(folder: Path, draft: Draft, samples: Sequence[Path]) -> Verdict:
    """Put a written bundle through every gate.

    Args:
        folder: with the graphs; under `--input auto` they are changed to take float32 where
            rounding the resized picture to whole levels moves the answers too far.
        draft: the manifest to be.
        samples: encoded pictures.

    Raises:
        GateError: the network is not the trained one.
        SettingsError: a sample cannot be used.
    """
    wanted = draft.options.input_dtype
    dtype: Dtype = "uint8" if wanted == "auto" else wanted
    if dtype == "float32":
        declare_float32(folder)
    check_graphs(folder, draft)
    classifier = open_draft(folder, draft, dtype)
    pixels = decode_samples(classifier, samples)
    parity = measure_parity(draft.network, classifier, draft.layers, parity_batches(pixels))
    check_parity(parity)
    comparison = compare_end_to_end(draft.network, classifier, samples, pixels)
    rounding: float | None = None
    if wanted == "auto" and not comparison.passed and draft.network.dtype == "float32":
        rounding = comparison.max_abs_difference
        dtype = "float32"
        declare_float32(folder)
        classifier = open_draft(folder, draft, dtype)
        pixels = decode_samples(classifier, samples)
        comparison = compare_end_to_end(draft.network, classifier, samples, pixels)
    check_end_to_end(comparison)
    return Verdict(dtype, parity, comparison, pixels, rounding)


def open_draft(folder: Path, draft: Draft, dtype: Dtype) -> Classifier:
    """The engine over a bundle that is not published yet.

    Raises:
        GateError: the engine does not take it.
    """
    try:
        return Classifier(Bundle(folder, draft.manifest(dtype)))
    except EngineError as error:
        raise GateError(f"the exported graph does not run: {error}") from error


def check_graphs(folder: Path, draft: Draft) -> None:
    """ONNX's own checker on both graphs, and their inputs and outputs as declared.

    Raises:
        GateError: a graph is invalid or has other inputs or outputs.
    """
    layers = {layer.tensor for layer in draft.layers}
    for name, outputs in ((PREDICT, {OUTPUT}), (INSPECT, {OUTPUT, *layers})):
        try:
            onnx.checker.check_model(str(folder / name))
        except onnx.checker.ValidationError as error:
            reason = str(error).splitlines()[0]
            raise GateError(f"{name} is not valid ONNX: {reason}; nothing was published") from error
        graph = load_graph(folder / name).graph
        inputs = [value.name for value in graph.input]
        if inputs != [INPUT]:
            raise GateError(f"{name} takes {inputs}, and {[INPUT]} was expected")
        given = {value.name for value in graph.output}
        if given != outputs:
            odd = sorted(given ^ outputs)[0]
            raise GateError(f"{name} and the layer table disagree about the output {odd!r}")
