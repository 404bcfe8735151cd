"""`--models`, the same for every command."""

from pathlib import Path

import click

models_option = click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=Path("models"),
    envvar="CUTAWAY_MODELS",
    show_default=True,
    help="The model repository.",
)
