"""`python -m export precision`: the run's settings, parsed."""

from pathlib import Path

import click

from bundle.repository import Repository
from export.commands.models import models_option
from export.precision.options import PrecisionOptions, Variant
from export.untyped import Setting


@click.command("precision", short_help="Add fp16 or int8 to a published model, measured.")
@click.argument("model")
@click.option("--version", type=click.IntRange(1), help="Of the model.  [default: the highest]")
@click.option("--fp16", is_flag=True, help="Add half precision, for GPUs.")
@click.option("--int8", is_flag=True, help="Add 8-bit integers, for CPUs.")
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Pictures like those the model will see: int8's ranges come from them.",
)
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Pictures to measure on; in a folder per class, the accuracy is measured too.  "
    "[default: half of --calibrate, kept apart]",
)
@click.option(
    "--method",
    type=click.Choice(["percentile", "entropy", "minmax"]),
    default="percentile",
    show_default=True,
    help="How int8's ranges follow from the values seen.",
)
@click.option(
    "--keep-first",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Leave the first N convolutions in fp32: int8 agrees better and is slower.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0.5, 0.999),
    default=0.99,
    show_default=True,
    help="Share of held-out pictures that must keep fp32's first class.",
)
@models_option
def command(models: Path, *, fp16: bool, int8: bool, **rest: Setting) -> None:
    """Add fp16 or int8 graphs to MODEL, a published one, as its next version.

    Each is measured against fp32 on pictures that it was not calibrated on, and is published only
    if it keeps the first class of as many of them as --threshold asks. Keras is not needed.

    \b
      python -m export precision flowers --int8 --calibrate data/train --held-out data/test
    """
    asked: dict[Variant, bool] = {"fp16": fp16, "int8": int8}
    options = PrecisionOptions(variants=tuple(name for name in asked if asked[name]), **rest)
    from export.precision.run import add_precisions  # noqa: PLC0415 first the options' mistakes

    add_precisions(options, Repository(models))
