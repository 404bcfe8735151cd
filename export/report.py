"""What a person reads on the terminal while a model is exported, and afterwards."""

from rich import box
from rich.table import Table

from bundle.repository import Bundle
from export.end_to_end import MAX_PROBABILITY_DIFFERENCE
from export.parity import LAYER_RELATIVE, PREDICTION_ABSOLUTE
from export.steps import Steps
from export.verify import Verdict

WORST_LAYERS = 5


class Report(Steps):
    """Steps as they happen, and a summary."""

    def summary(self, bundle: Bundle, verdict: Verdict, seconds: float) -> None:
        """The gates' measurements, the worst layers, sizes and time."""
        self._console.print(_worst(verdict))
        self._console.print(_gates(verdict))
        manifest = bundle.manifest
        megabytes = sum(file.size_bytes for file in manifest.files.values()) / 1e6
        spec = manifest.input
        self._console.print(
            f"published [bold]{manifest.name}[/] version {manifest.version}: {bundle.folder}\n"
            f"  {len(manifest.labels)} classes, {len(manifest.layers)} layers, input {spec.dtype} "
            f"{spec.height}x{spec.width}x{spec.channels}, {megabytes:.1f} MB, {seconds:.0f} s\n"
            f"  preprocessing: {manifest.preprocessing.in_graph}",
            highlight=False,
            markup=True,
        )


def _worst(verdict: Verdict) -> Table:
    """The layers that are farthest from Keras, and the prediction."""
    table = Table(
        title="farthest from Keras (all layers: parity.json)", title_justify="left", box=box.SIMPLE
    )
    table.add_column("layer", overflow="fold")
    for heading in ("max |error|", "of its largest", "allowed"):
        table.add_column(heading, justify="right")
    rows = sorted(verdict.parity.layers, key=lambda row: row.max_abs_error / row.allowed)
    prediction = verdict.parity.prediction
    for row in (*rows[: -WORST_LAYERS - 1 : -1], prediction):
        name = "(the prediction)" if row is prediction else row.path
        relative = f"{row.relative_error:.1e}"
        table.add_row(name, f"{row.max_abs_error:.1e}", relative, f"{row.allowed:.1e}")
    return table


def _gates(verdict: Verdict) -> Table:
    """Each gate with what was measured and what is allowed."""
    table = Table("gate", "measured", "allowed", box=box.SIMPLE)
    count = len(verdict.parity.layers)
    worst = max((row.relative_error for row in verdict.parity.layers), default=0.0)
    comparison = verdict.comparison
    images = len(comparison.files)
    agreed = round(comparison.top1_agreement * images)
    ties = f" ({len(comparison.ties)} ties)" if comparison.ties else ""
    table.add_row("valid ONNX, runs in ONNX Runtime, one input", "yes", "yes")
    if count:
        allowed = f"{LAYER_RELATIVE:.0e}" + (", or rounding" if worst > LAYER_RELATIVE else "")
        table.add_row(f"{count} layers, batch 1 and 3", f"{worst:.1e}", allowed)
    error = verdict.parity.prediction.max_abs_error
    table.add_row("prediction", f"{error:.1e}", f"{PREDICTION_ABSOLUTE:.0e}")
    table.add_row("same first class, from picture files", f"{agreed}/{images}{ties}", "all")
    table.add_row(
        "probability, from picture files",
        f"{comparison.max_abs_difference:.1e}",
        f"{MAX_PROBABILITY_DIFFERENCE}",
    )
    return table
