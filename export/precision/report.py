"""What a person reads on the terminal while precisions are made, and afterwards."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table

from bundle.manifest import Manifest
from bundle.repository import Bundle
from export.precision.agreement import Agreement
from export.precision.options import Variant
from export.steps import Steps


class PrecisionReport(Steps):
    """Steps as they happen, each variant's measurements, and what was published."""

    def measured(
        self, made: Mapping[Variant, Agreement], manifest: Manifest, threshold: float
    ) -> None:
        """A row a variant: what was measured against fp32."""
        images = next(iter(made.values())).images
        table = Table(
            title=f"{manifest.name} version {manifest.version}, {images} held-out pictures, "
            f"against fp32 (asked: {threshold:.1%} the same first class)",
            title_justify="left",
            box=box.SIMPLE,
        )
        table.add_column("precision")
        for heading in ("same first class", "max |Δp|", "mean |Δp|", "accuracy", "fp32's"):
            table.add_column(heading, justify="right")
        for name, agreement in made.items():
            table.add_row(
                name,
                f"{agreement.agreed}/{agreement.images} ({agreement.top1_agreement:.1%})",
                f"{agreement.max_abs_difference:.1e}",
                f"{agreement.mean_abs_difference:.1e}",
                _share(agreement.accuracy),
                _share(agreement.fp32_accuracy),
            )
        self._console.print(table)

    def published(self, bundle: Bundle, variants: Sequence[Variant]) -> None:
        """Where the new version is, and how to serve it."""
        manifest = bundle.manifest
        files = {f"{part}.{name}" for part in ("predict", "weights") for name in variants}
        added = sum(
            file.size_bytes
            for name, file in manifest.files.items()
            if name.rsplit(".", 1)[0] in files
        )
        self._console.print(
            f"published [bold]{manifest.name}[/] version {manifest.version} with "
            f"{' and '.join(variants)} ({added / 1e6:.1f} MB more): {bundle.folder}\n"
            f"  serve it with CUTAWAY_PRECISION={' or '.join(variants)}",
            highlight=False,
        )


def _share(value: float | None) -> str:
    """A share, or a dash where it is not known."""
    return "–" if value is None else f"{value:.1%}"
