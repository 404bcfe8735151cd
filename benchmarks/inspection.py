"""What looking inside costs: `python -m benchmarks.inspection`, or `make bench`.

Everything is a multiple of a prediction of the same picture in the same run, interleaved; see
benchmarks/README.md.
"""

from pathlib import Path

import click
import numpy as np

from benchmarks.beside import measure_beside
from benchmarks.building import measure_building
from benchmarks.cost import measure_cost
from benchmarks.over_http import measure_http
from benchmarks.report import ROOT, Line, provenance, table
from benchmarks.subjects import SUBJECTS, Subject, open_subject
from bundle.repository import Bundle
from engine.classifier import Classifier

PICTURE = ROOT / "export" / "samples" / "chelsea.jpg"
RESULT = ROOT / "benchmarks" / "results" / "inspection.md"


@click.command()
@click.option("--models", default="models", show_default=True, help="Folder of the default models.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--cache", default=".cache/benchmarks/models", show_default=True,
              help="Repository of the networks with random weights.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--network", "networks", multiple=True, type=click.Choice(sorted(SUBJECTS)),
              default=("resnet50v2", "imagenet"), show_default=True,
              help="What to measure.")  # fmt: skip
@click.option("--rounds", default=25, show_default=True, type=click.IntRange(5))
@click.option("--result", default=RESULT, help="The Markdown file to write.",
              type=click.Path(path_type=Path))  # fmt: skip
def main(models: Path, cache: Path, networks: tuple[str, ...], rounds: int, result: Path) -> None:
    """Measure, print, and write the result."""
    parts = ["# What looking inside costs", provenance(), _explanation(rounds)]
    for name in networks:
        subject = SUBJECTS[name]
        bundle = open_subject(subject, models, cache)
        parts += _measure(subject, bundle, rounds)
        print("\n\n".join(parts[-6:]), flush=True)
    result.write_text("\n\n".join(parts) + "\n")


def _measure(subject: Subject, bundle: Bundle, rounds: int) -> list[str]:
    """One network's chapter."""
    data = PICTURE.read_bytes()
    pixels = np.stack([Classifier(bundle).decode(data)])
    spec = bundle.manifest.input
    weights = "random weights" if subject.keras_name else "ImageNet weights"
    beside: list[Line] = measure_beside(bundle, pixels, rounds)
    return [
        f"## {subject.model} ({spec.height} x {spec.width}, {weights})",
        "In the engine:",
        table(measure_cost(subject, bundle, pixels, rounds) + beside),
        "Building sessions:",
        table(measure_building(subject, bundle, pixels, rounds)),
        "Over HTTP, from the JPEG to the whole answer:\n\n"
        + table(measure_http(subject, bundle, data, rounds)),
    ]


def _explanation(rounds: int) -> str:
    """How to read the tables."""
    return (
        f"Medians of {rounds} interleaved rounds; in brackets the middle half of the rounds. "
        "Batch 1, CPU, fp32. A row of the engine's tables is a multiple of a prediction from ready "
        "pixels; over HTTP, of a `predict` request with the same file. `make bench` writes this."
    )


if __name__ == "__main__":
    main()
