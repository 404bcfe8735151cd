"""`python -m export defaults`: the two models that a fresh installation serves."""

import time
from pathlib import Path

import click

from bundle.repository import Bundle, Repository
from export.commands.models import models_option

NAMES = ("imagenet", "fashion")


@click.command("defaults", short_help="Build the default models where they are missing.")
@models_option
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    default=Path("runs/fashion"),
    show_default=True,
    help="Where fashion's learning curves and confusion matrix go.",
)
def command(models: Path, report: Path) -> None:
    """Build `imagenet` and `fashion` in the model repository, each only if it is not there.

    imagenet is EfficientNet-Lite0 with ImageNet's 1000 classes; fashion is the same network,
    fine-tuned here on 2800 pictures of Fashion-MNIST. No network is needed.
    """
    repository = Repository(models)
    there = repository.names()
    missing = [name for name in NAMES if name not in there]
    if not missing:
        click.echo(f"{models} has {' and '.join(NAMES)} already")
        return
    click.echo(f"building {' and '.join(missing)} in {models}: two to four minutes on two cores")
    started = time.monotonic()
    for number, name in enumerate(missing, start=1):
        click.echo(f"[{number}/{len(missing)}] {name}")
        _build(name, repository, report)
    click.echo(f"done in {time.monotonic() - started:.0f} s")


def _build(name: str, repository: Repository, report: Path) -> Bundle:
    """Build one; TensorFlow, which takes seconds to load, is imported only now."""
    if name == "imagenet":
        from export.defaults.imagenet import build_imagenet  # noqa: PLC0415 see the docstring

        return build_imagenet(repository)
    from export.defaults.fashion import build_fashion  # noqa: PLC0415 see the docstring

    return build_fashion(repository, report)
