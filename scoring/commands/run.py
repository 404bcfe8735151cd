"""`python -m scoring run`: the job's settings, parsed."""

from pathlib import Path
from typing import Any

import click

from scoring.commands.run_options import COLUMNS, ENGINE, INPUT, MODEL, add_options
from scoring.interrupts import catch_interrupts
from scoring.model import ModelWish
from scoring.order import Engine, Order
from scoring.running import run_order
from scoring.settings import ColumnSettings, InputSettings
from scoring.sources.locations import parse_location


@click.command("run", short_help="Score pictures with a model.")
@click.argument("pictures", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@add_options(MODEL, COLUMNS, INPUT, ENGINE)
def command(
    pictures: str,
    output: str,
    *,
    models: Path,
    engine: Engine,
    address: str | None,
    threads: int,
    **rest: Any,
) -> None:
    """Score the pictures of INPUT into Parquet files in OUTPUT.

    INPUT is a folder, a glob, a list of paths (text, CSV, Parquet), Parquet with pictures, tar
    files, a ZIP or one picture; here, or in an object store (s3://, gs://, abfs://). Every picture
    gets one row, also those that cannot be scored. The same command continues a job that ended too
    soon.

    \b
      python -m scoring run --model imagenet photos/ scores/
    """
    if address and engine != "ray":
        raise click.UsageError("--address is of a Ray cluster: add --engine ray")
    location = parse_location(pictures).url
    order = Order(
        InputSettings(location=location, **_fields(InputSettings, rest)),
        output,
        models.absolute(),
        ModelWish(**_fields(ModelWish, rest)),
        ColumnSettings(**_fields(ColumnSettings, rest)),
        engine,
        address,
        threads,
    )
    with catch_interrupts() as interrupts:
        code = run_order(order, interrupts)
    if code:
        raise click.exceptions.Exit(code)


def _fields(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    """The options that fill a class's fields."""
    return {name: values[name] for name in kind.__annotations__ if name in values}
