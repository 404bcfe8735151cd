"""`python -m scoring report`: what a job answered."""

from pathlib import Path

import click

from scoring.report.report import make_report
from scoring.report.terminal import print_report
from scoring.results.page import write_page
from scoring.results.scored import open_scored
from scoring.results.terminal import open_console


@click.command("report", short_help="Sum up what a job answered.")
@click.argument("output")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page with all numbers and with pictures: one file, without scripts.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="What the pictures are: columns source and label; in the place of what the input said.",
)
def command(output: str, html: Path | None, labels: Path | None) -> None:
    """Sum up the job in OUTPUT: classes, confidence, errors, the least certain pictures.

    Where the classes of the pictures are known, also accuracy, confusions and calibration. The page
    shows pictures again from where the job read them.

    \b
      python -m scoring report results/ --html report.html
    """
    job = open_scored(output)
    report = make_report(job, labels)
    print_report(open_console(), job, report)
    if html is not None:
        from scoring.report.page import make_page  # noqa: PLC0415 drawing takes a second to load

        write_page(html, make_page(job, report))
        click.echo(f"\nwritten: {html}")
