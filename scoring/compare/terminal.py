"""A comparison in a terminal."""

import click
from rich.console import Console

from scoring.compare.comparison import Comparison
from scoring.results.printable import printable
from scoring.results.scored import Scored
from scoring.results.terminal import make_table

_ROWS = 10


def print_comparison(console: Console, a: Scored, b: Scored, found: Comparison) -> None:
    """The main numbers; the page has all of them, and the pictures."""
    for name, job in (("A", a), ("B", b)):
        words = "" if job.finished else f", not finished ({job.progress})"
        click.echo(printable(f"{name}: {job.model}, {job.location.url}{words}"))
    click.echo()
    _print_pairs(found)
    _print_agreement(found)
    click.echo()
    moves = [(m.a, m.b, f"{m.pictures:,}") for m in found.moves[:_ROWS]]
    if moves:
        columns = ("first class in A", "in B", "pictures#")
        console.print(make_table("Changed answers", columns, moves), "")
    errors = [(e.a or "scored", e.b or "scored", f"{e.pictures:,}", e.source) for e in found.errors]
    if errors:
        columns = ("in A", "in B", "pictures#", "first")
        console.print(make_table("Errors in one of them", columns, errors), "")
    changed = [
        (c.source, f"{c.a[0][0]} {c.a[0][1]:.3f}", f"{c.b[0][0]} {c.b[0][1]:.3f}")
        for c in found.changed[:_ROWS]
    ]
    if changed:
        console.print(make_table("Changed pictures", ("picture", "A", "B"), changed))


def _print_pairs(found: Comparison) -> None:
    """What is compared at all."""
    pairs = found.pairs
    click.echo(f"{pairs.pictures:,} pictures in both")
    if pairs.by_bytes:
        click.echo(f"{pairs.by_bytes:,} of them have other names and the same bytes")
    if pairs.other_bytes:
        click.echo(f"{pairs.other_bytes:,} of them have the same name and other bytes")
    if pairs.only_a or pairs.only_b:
        click.echo(f"{pairs.only_a:,} in A alone, {pairs.only_b:,} in B alone")


def _print_agreement(found: Comparison) -> None:
    """How far they agree, and who is right."""
    agreed = found.agreement
    if agreed.share is None:
        click.echo("no picture was scored by both")
        return
    click.echo(
        f"first class the same for {agreed.share:.2%} ({agreed.pictures - agreed.same:,} of "
        f"{agreed.pictures:,} differ)"
    )
    if not found.comparable:
        click.echo("scores are not compared: one job's are probabilities, the other's logits")
    elif agreed.mean_difference is not None and agreed.max_difference is not None:
        of = "all classes" if found.all_scores else "the classes among both's best"
        click.echo(
            f"largest difference of a picture's scores over {of}: mean "
            f"{agreed.mean_difference:.4g}, at most {agreed.max_difference:.4g}"
        )
    right = found.rightness
    if right is not None:
        click.echo(
            f"accuracy {right.a / right.pictures:.2%} in A, {right.b / right.pictures:.2%} in B: "
            f"{right.repaired:,} wrong in A alone, {right.broken:,} wrong in B alone"
        )
