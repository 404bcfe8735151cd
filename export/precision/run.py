"""The whole road from a published bundle to its next version with more precisions."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from rich.console import Console

from bundle.manifest import Calibration, File, Manifest, Precision
from bundle.publishing import publish, staging
from bundle.repository import GOLDEN, PREDICT, Bundle, Repository
from engine.arrays import Pixels
from engine.recipes import Recipe, build_recipe
from export.errors import GateError, SettingsError
from export.precision.agreement import Agreement, answer
from export.precision.body import prepare
from export.precision.fp16 import halve
from export.precision.int8 import quantize
from export.precision.options import PrecisionOptions, Variant
from export.precision.pictures import Parts, choose_pictures, read_pictures
from export.precision.report import PrecisionReport

EXTERNAL_FROM_BYTES = 1024
"""Smaller tensors (scales, zero points, shapes) stay in the graph."""


@dataclass(frozen=True, slots=True)
class Material:
    """What every variant is made from and measured with."""

    options: PrecisionOptions
    bundle: Bundle
    parts: Parts
    recipe: Recipe
    golden: Pixels

    def calibration(self) -> Calibration | None:
        """How int8 finds its ranges."""
        return Calibration(method=self.options.method, images=len(self.parts.calibration))


def add_precisions(
    options: PrecisionOptions, repository: Repository, *, console: Console | None = None
) -> Bundle:
    """Make the variants, measure them, and publish the next version with them.

    Everything else of the bundle stays byte for byte what it is, the proof against Keras included.

    Args:
        options: what is made, from which pictures.
        repository: where the bundle is, and where the next version appears.
        console: where the report goes; stdout by default.

    Returns:
        The published bundle.

    Raises:
        ModelNotFoundError, BundleCorruptError: there is no such bundle to begin with.
        SettingsError: it has that precision, or there are no pictures, or too few, or broken ones.
        GateError: a variant agrees too little with fp32; nothing was published.
        PublishError: the disk is full or not writable; nothing was published.
    """
    report = PrecisionReport(console or Console())
    bundle = repository.open(options.model, options.version)
    manifest = bundle.manifest
    _check_new(manifest, options.variants)
    material = Material(
        options,
        bundle,
        choose_pictures(options, manifest.labels),
        build_recipe(manifest.input, manifest.preprocessing),
        _golden(bundle),
    )
    with staging(repository, options.model) as folder:
        for name in manifest.files:
            shutil.copyfile(bundle.path(name), folder / name)
        made = _make(material, folder, report)
        report.measured(made, manifest, options.threshold)
        check_agreement(made, options.threshold)
        added = tuple(_entry(name, agreement, material) for name, agreement in made.items())

        def build(number: int, files: dict[str, File]) -> Manifest:
            changed = {
                "version": number,
                "created": datetime.now(UTC).replace(microsecond=0),
                "precisions": (*manifest.precisions, *added),
                "files": files,
            }
            return manifest.model_copy(update=changed)

        published = publish(repository, folder, build)
    report.published(published, options.variants)
    return published


def check_agreement(made: dict[Variant, Agreement], threshold: float) -> None:
    """Raise GateError where a variant agrees less than the threshold asks."""
    for name, agreement in made.items():
        if not agreement.top1_agreement >= threshold:
            raise GateError(
                f"{name} gives fp32's first class on {agreement.agreed} of {agreement.images} "
                f"held-out pictures ({agreement.top1_agreement:.1%}; the largest |Δp| is "
                f"{agreement.max_abs_difference:.3f}), and {threshold:.1%} is asked; "
                "nothing was published"
            )


def graph_file(variant: Variant) -> str:
    """The name of a variant's graph."""
    return f"predict.{variant}.onnx"


def _make(material: Material, folder: Path, report: PrecisionReport) -> dict[Variant, Agreement]:
    """Write each variant into the folder, and measure it there."""
    held, count = material.parts.held_out, len(material.parts.held_out.files)
    manifest = material.bundle.manifest

    def answers(graph: Path) -> tuple[np.ndarray, np.ndarray]:
        pictures = read_pictures(held.files, material.recipe)
        return answer(graph, manifest, pictures), answer(graph, manifest, material.golden)

    with report.step(f"fp32 answered {count} held-out pictures"):
        reference, golden = answers(folder / PREDICT)
        model = prepare(folder / PREDICT)
    made: dict[Variant, Agreement] = {}
    for name in material.options.variants:
        with report.step(_words(name, material)):
            _write(_variant(name, model, material), folder, name)
        with report.step(f"{name} answered the same pictures"):
            found, found_golden = answers(folder / graph_file(name))
        moved = float(np.abs(found_golden - golden).max(initial=0))
        made[name] = Agreement(reference, found, held.classes, moved)
    return made


def _variant(name: Variant, model: onnx.ModelProto, material: Material) -> onnx.ModelProto:
    """The prepared network in another precision."""
    if name == "fp16":
        return halve(model, material.golden)
    options, files = material.options, material.parts.calibration

    def read() -> Iterator[Pixels]:
        return read_pictures(files, material.recipe)

    return quantize(model, read, options.method, options.keep_first)


def _words(name: Variant, material: Material) -> str:
    """What is being done."""
    if name == "fp16":
        return "fp16 written"
    count = len(material.parts.calibration)
    return f"int8 calibrated on {count} pictures ({material.options.method}), written"


def _write(model: onnx.ModelProto, folder: Path, name: Variant) -> None:
    """The graph, and its weights beside it."""
    onnx.save_model(
        model,
        str(folder / graph_file(name)),
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=f"weights.{name}.bin",
        size_threshold=EXTERNAL_FROM_BYTES,
    )


def _check_new(manifest: Manifest, variants: Sequence[Variant]) -> None:
    """Raise SettingsError where the bundle has one of them already."""
    for precision in manifest.precisions:
        if precision.name in variants:
            raise SettingsError(
                f"{manifest.name} version {manifest.version} has {precision.name} already "
                f"({precision.top1_agreement:.1%} agreement); to make it anew, begin with a "
                "version without it: --version N"
            )


def _golden(bundle: Bundle) -> Pixels:
    """The golden pictures, (pictures, height, width, channels); none where the bundle has none."""
    spec = bundle.manifest.input
    path = bundle.path(GOLDEN)
    if not path.is_file():
        return np.zeros((0, spec.height, spec.width, spec.channels), spec.dtype)
    with np.load(path, allow_pickle=False) as golden:
        return golden["pixels"]


def _entry(name: Variant, agreement: Agreement, material: Material) -> Precision:
    """The manifest's line."""
    return Precision(
        name=name,
        file=graph_file(name),
        top1_agreement=agreement.top1_agreement,
        max_abs_difference=agreement.max_abs_difference,
        mean_abs_difference=agreement.mean_abs_difference,
        images=agreement.images,
        calibration=material.calibration() if name == "int8" else None,
        accuracy=agreement.accuracy,
        fp32_accuracy=agreement.fp32_accuracy,
    )
