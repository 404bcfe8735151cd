"""`python -m export finetune`: the run's settings, parsed."""

from pathlib import Path

import click

from bundle.repository import Repository
from export.commands.convert import NAME
from export.commands.models import models_option
from export.commands.values import SizeType
from export.errors import SettingsError
from export.finetune.pictures import find_pictures
from export.finetune.settings import AugmentationSettings, FinetuneSettings
from export.untyped import Setting

_POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command("finetune", short_help="Fine-tune a network on a folder of pictures; publish it.")
@click.argument("images_dir", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What the published model is called.")
@click.option(
    "--base",
    default="efficientnet-lite0",
    show_default=True,
    help="efficientnet-lite0, or a name of keras.applications, e.g. MobileNetV2.",
)
@click.option(
    "--weights",
    default="imagenet",
    show_default=True,
    help="imagenet, a file of weights without the top, or none.",
)
@click.option("--size", type=SizeType(), help="Input size in pixels; default: the base's own.")
@click.option(
    "--resize",
    type=click.Choice(["stretch", "crop", "pad"]),
    default="stretch",
    show_default=True,
    help="What happens to the aspect ratio.",
)
@click.option("--holdout", default=0.2, show_default=True, help="Share measured on at the end.")
@click.option(
    "--validation", default=0.15, show_default=True, help="Share that early stopping watches."
)
@click.option(
    "--epochs", type=click.IntRange(1), default=20, show_default=True, help="For the head, at most."
)
@click.option("--learning-rate", type=_POSITIVE, default=1e-3, show_default=True, help="Its rate.")
@click.option(
    "--unfreeze-last",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="K",
    help="Then train the base's last K blocks too.",
)
@click.option(
    "--finetune-epochs",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="For those blocks, at most.",
)
@click.option(
    "--finetune-rate", type=_POSITIVE, default=1e-4, show_default=True, help="Their rate."
)
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True)
@click.option(
    "--dropout", type=click.FloatRange(0, 1, max_open=True), default=0.2, show_default=True
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--flip/--no-flip", default=True, show_default=True, help="Mirror left and right.")
@click.option("--rotation", default=0.05, show_default=True, help="Of a full turn; 0: never.")
@click.option("--translation", default=0.1, show_default=True, help="Of the size; 0: never.")
@click.option("--brightness", default=0.1, show_default=True, help="Of the range; 0: never.")
@click.option("--contrast", default=0.1, show_default=True, help="Of the contrast; 0: never.")
@click.option("--no-augmentation", is_flag=True, help="None of these five; much faster.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Where the model, the curves and the confusion matrix go.  [default: runs/NAME]",
)
@models_option
def command(images_dir: Path, models: Path, **given: Setting) -> None:
    """Fine-tune a network on IMAGES_DIR, which holds a folder of pictures per class.

    First a new head learns on the frozen base, then, with --unfreeze-last, the base's last blocks
    at a low rate. The accuracy is measured on pictures that training never saw. The model is then
    converted, verified and published.

    \b
      python -m export finetune flowers/ --name flowers --unfreeze-last 3
    """
    settings = parse_settings(images_dir, **given)
    find_pictures(settings.pictures)  # its mistakes are told before TensorFlow's seconds
    from export.finetune.run import finetune  # noqa: PLC0415 TensorFlow takes seconds

    finetune(settings, Repository(models))


def parse_settings(
    images_dir: Path,
    *,
    name: str,
    report: Path | None,
    no_augmentation: bool,
    flip: bool,
    rotation: float,
    translation: float,
    brightness: float,
    contrast: float,
    **rest: Setting,
) -> FinetuneSettings:
    """The command line as checked settings.

    Raises:
        SettingsError: a value that makes no sense.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"--name {name!r} is no model name: expected small letters, digits, dots, dashes and "
            "underscores, at most 63, beginning with a letter or digit"
        )
    if no_augmentation:
        augmentation = AugmentationSettings(False, 0, 0, 0, 0)
    else:
        augmentation = AugmentationSettings(flip, rotation, translation, brightness, contrast)
    return FinetuneSettings(
        pictures=images_dir,
        name=name,
        report=report or Path("runs") / name,
        augmentation=augmentation,
        **rest,
    )
