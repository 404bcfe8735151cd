"""A report in a terminal."""

import click
from rich.console import Console

from scoring.report.report import Report
from scoring.report.truth import Truth
from scoring.results.durations import spell_seconds
from scoring.results.printable import printable
from scoring.results.scored import Scored
from scoring.results.terminal import make_table

_ROWS = 10


def print_report(console: Console, job: Scored, report: Report) -> None:
    """The main numbers; the page has all of them, and the pictures."""
    counts = report.counts
    click.echo(f"{job.model}: {counts.pictures:,} pictures, {counts.failed:,} errors")
    click.echo(printable(f"{job.settings.input.location} → {job.location.url}"))
    run = job.file.last_run
    if run is not None:
        click.echo(
            f"last run: {run.pictures:,} pictures in {spell_seconds(run.seconds)}, "
            f"{run.pictures_per_second:.1f} a second"
        )
    if not job.finished:
        click.echo(f"not finished ({job.progress}): this is what it has scored so far")
    click.echo()
    if report.truth is not None:
        _print_truth(console, report, report.truth)
    rows = [
        (c.name, f"{c.pictures:,}", f"{c.pictures / counts.scored:.1%}", f"{c.mean_score:.3f}")
        for c in counts.classes[:_ROWS]
    ]
    if rows:
        title = f"Classes ({len(counts.classes):,})"
        columns = ("class", "pictures#", "share#", f"mean {job.score}#")
        console.print(make_table(title, columns, rows), "")
    errors = [(e.code, f"{e.pictures:,}", e.source, e.message) for e in counts.errors]
    if errors:
        console.print(make_table("Errors", ("kind", "pictures#", "first", "message"), errors), "")
    uncertain = [(a.source, a.classes[0][0], f"{a.classes[0][1]:.3f}") for a in report.uncertain]
    if uncertain:
        columns = ("picture", "class", f"{job.score}#")
        console.print(make_table("Least certain", columns, uncertain[:_ROWS]))


def _print_truth(console: Console, report: Report, truth: Truth) -> None:
    """Accuracy, calibration, and the most frequent mistakes."""
    first, last = truth.accuracies[0], truth.accuracies[-1]
    click.echo(f"accuracy {first:.1%} of {truth.pictures:,} pictures with a known class", nl=False)
    top_k = len(truth.accuracies)
    click.echo(f"; among the first {top_k}: {last:.1%}" if top_k > 1 else "")
    if report.calibration is not None:
        click.echo(f"expected calibration error {report.calibration.error:.4f}")
    if truth.unknown:
        names = ", ".join(printable(name) for name, _ in truth.unknown)
        click.echo(f"never among the model's best classes: {names}")
    click.echo()
    mistakes = [(c.truth, c.predicted, f"{c.pictures:,}") for c in truth.confusions[:_ROWS]]
    if mistakes:
        columns = ("it is", "the answer", "pictures#")
        console.print(make_table("Most frequent mistakes", columns, mistakes), "")
