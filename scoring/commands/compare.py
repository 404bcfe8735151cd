"""`python -m scoring compare`: where two jobs differ."""

from pathlib import Path

import click

from scoring.compare.comparison import compare
from scoring.compare.page import make_page
from scoring.compare.terminal import print_comparison
from scoring.results.page import write_page
from scoring.results.scored import open_scored
from scoring.results.terminal import open_console


@click.command("compare", short_help="Show where two jobs answer differently.")
@click.argument("output_a")
@click.argument("output_b")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page with the pictures that changed: one file, without scripts.",
)
def command(output_a: str, output_b: str, html: Path | None) -> None:
    """Compare the jobs in OUTPUT_A and OUTPUT_B: two models, versions or precisions over the same
    pictures, which are found by their names, or else by their bytes.

    \b
      python -m scoring compare fp32/ int8/ --html compare.html
    """
    a, b = open_scored(output_a), open_scored(output_b)
    found = compare(a, b)
    print_comparison(open_console(), a, b, found)
    if html is not None:
        write_page(html, make_page(a, b, found))
        click.echo(f"\nwritten: {html}")
