"""The whole road from a model file to a published bundle."""

import time
from pathlib import Path

from rich.console import Console

from bundle.digests import sha256_of
from bundle.manifest import EndToEnd, File, Manifest
from bundle.publishing import ManifestBuilder, publish, staging
from bundle.repository import INSPECT, Bundle, Repository
from engine.graphs import load_graph
from export.convert import OUTPUT, to_onnx
from export.differentiable import differentiable_outputs
from export.graphs import write_graphs
from export.labels import labels_for
from export.load import load_keras
from export.network import Network, check_keras
from export.options import ConvertOptions
from export.pictures import sample_files
from export.probe import is_saved_model
from export.publish import Draft, write_golden, write_parity
from export.report import Report
from export.saved_model import folder_digest, load_saved_model
from export.verify import Verdict, verify

__all__ = ["ConvertOptions", "convert"]


def convert(
    model_file: Path,
    options: ConvertOptions,
    repository: Repository,
    *,
    console: Console | None = None,
) -> Bundle:
    """Load, check, convert, verify and publish a model.

    Args:
        model_file: `.keras`, `.h5`, or a SavedModel folder.
        options: how it was trained.
        repository: where the new version appears.
        console: where the report goes; stdout by default.

    Returns:
        The published bundle.

    Raises:
        ExportError: with one sentence for the user; nothing was published.
        PublishError: the disk is full or not writable; nothing was published.
    """
    report = Report(console or Console())
    started = time.monotonic()
    samples = sample_files(options.samples)
    with report.step(f"loaded {model_file.name}"):
        network, digest = load_network(model_file, options)
        labels = labels_for(options.labels, network.head.classes)
    if not network.has_layers:
        report.note("a SavedModel names no layers: the bundle predicts, and has no inside to show")
    with report.step("converted to ONNX, every layer named"):
        converted = to_onnx(network)
    with staging(repository, options.name) as folder:
        with report.step("written, and gone through the gates"):
            write_graphs(converted.model, folder)
            differentiable = differentiable_outputs(load_graph(folder / INSPECT), OUTPUT)
            draft = Draft(
                options=options,
                network=network,
                labels=labels,
                layers=converted.layers,
                differentiable=frozenset(differentiable),
                source=(model_file.name, digest),
            )
            verdict = verify(folder, draft, samples)
            write_golden(folder, network, verdict.comparison.files, verdict.pixels)
            write_parity(folder, verdict.parity, verdict.comparison, verdict.dtype)
        bundle = publish(repository, folder, _manifest_builder(draft, verdict))
    if verdict.rounding is not None:
        report.note(
            f"the input is float32: rounding pictures to whole levels moved a probability by "
            f"{verdict.rounding:.3g}"
        )
    report.summary(bundle, verdict, time.monotonic() - started)
    return bundle


def load_network(model_file: Path, options: ConvertOptions) -> tuple[Network, str]:
    """The model, checked, and the sha256 of its file.

    Raises:
        ExportError: it is not a model that can be exported.
    """
    if is_saved_model(model_file):
        return load_saved_model(model_file, options), folder_digest(model_file)
    return check_keras(load_keras(model_file), options), sha256_of(model_file)


def _manifest_builder(draft: Draft, verdict: Verdict) -> ManifestBuilder:
    """The manifest once version and files are known."""
    measured = EndToEnd(
        images=len(verdict.comparison.files),
        top1_agreement=verdict.comparison.top1_agreement,
        max_abs_difference=verdict.comparison.max_abs_difference,
    )

    def build(number: int, files: dict[str, File]) -> Manifest:
        return draft.manifest(verdict.dtype, number=number, files=files, measured=measured)

    return build
