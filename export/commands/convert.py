"""`python -m export convert`: the user's decisions, parsed."""

import re
from pathlib import Path
from typing import Any

import click

from bundle.repository import Repository
from export.commands.models import models_option
from export.commands.values import ColorType, NumbersType, SizeType
from export.errors import SettingsError
from export.labels import read_labels
from export.options import ConvertOptions
from export.pictures import list_pictures
from export.probe import probe
from export.stated import (
    PREPROCESS_NAMES,
    Numbers,
    StatedPreprocessing,
    from_name,
    from_numbers,
)
from export.untyped import Setting

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@click.command("convert", short_help="Convert, verify and publish a trained model.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What the published model is called.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Class names: .txt (one a line), .json, .csv, or the training folder.",
)
@click.option(
    "--recipe",
    type=click.Choice(["tensorflow", "pillow"]),
    default="tensorflow",
    show_default=True,
    help="How training read pictures: image_dataset_from_directory, "
    "or load_img, torchvision, timm.",
)
@click.option(
    "--resize",
    type=click.Choice(["stretch", "crop", "pad"]),
    default="stretch",
    show_default=True,
    help="What happens to the aspect ratio.",
)
@click.option(
    "--interpolation",
    type=click.Choice(["nearest", "bilinear", "bicubic", "area", "lanczos"]),
    default=None,
    help="Default: bilinear with the tensorflow recipe, nearest with "
    "pillow (each one's own default).",
)
@click.option("--antialias", is_flag=True, help="Widen the kernel when shrinking (pillow).")
@click.option(
    "--crop-fraction",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the short side that a centre crop keeps (pillow).",
)
@click.option(
    "--exif",
    type=click.Choice(["ignore", "apply"]),
    default="ignore",
    show_default=True,
    help="The orientation tag (pillow).",
)
@click.option("--background", type=ColorType(), help="Colour under transparent pixels (pillow).")
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    help="Folder of your own pictures for the gates; default: photographs of ours.",
)
@click.option(
    "--preprocess",
    type=click.Choice(PREPROCESS_NAMES),
    metavar="NAME",
    help="Your training code's preprocess_input, outside the model: a "
    "keras.applications name, or tf, caffe, torch, none.",
)
@click.option("--scale", type=NumbersType(), help="Or: levels * SCALE + OFFSET, e.g. 1/255.")
@click.option("--offset", type=NumbersType(), help="See --scale.")
@click.option("--mean", type=NumbersType(), help="Or, after --scale: (levels - MEAN) / STD.")
@click.option("--std", type=NumbersType(), help="See --mean.")
@click.option("--color", type=click.Choice(["RGB", "BGR"]), help="Channel order of the model.")
@click.option(
    "--on-top", is_flag=True, help="The stated preprocessing comes before the model's own."
)
@click.option(
    "--activation",
    type=click.Choice(["softmax", "sigmoid"]),
    help="Append it to a model that ends in logits.",
)
@click.option("--size", type=SizeType(), help="Input size where the model leaves it open.")
@click.option(
    "--input",
    "input_dtype",
    type=click.Choice(["auto", "uint8", "float32"]),
    default="auto",
    show_default=True,
    help="auto: uint8, or float32 where rounding moves the answers.",
)
@click.option("--training", default="", help="A note on the training, for the manifest.")
@models_option
def command(model: Path, models: Path, **settings: Setting) -> None:
    """Convert MODEL (.keras, .h5 or a SavedModel folder) into a verified bundle.

    Every layer of the exported network is compared with Keras, and its answers with the training
    pipeline's from picture files on; what differs is not published.

    \b
    Preprocessing that is inside the model is found there. If your training code
    did it outside, say so; export does not guess:
      python -m export convert flowers.keras --name flowers --labels data/train \\
          --preprocess mobilenet_v2
    """
    options = parse_options(**settings)
    probe(model)
    from export.pipeline import convert  # noqa: PLC0415 TensorFlow takes seconds: first the options

    convert(model, options, Repository(models))


def parse_options(
    *,
    name: str,
    labels: Path | None,
    resize: Setting,
    samples: Path | None,
    preprocess: str | None,
    scale: Numbers | None,
    offset: Numbers | None,
    mean: Numbers | None,
    std: Numbers | None,
    color: Setting,
    on_top: bool,
    interpolation: Setting,
    **rest: Setting,
) -> ConvertOptions:
    """The command line as checked options.

    Raises:
        SettingsError: a value that no model could have, or two that contradict each other.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"--name {name!r} is no model name: expected small letters, digits, dots, dashes and "
            "underscores, at most 63, beginning with a letter or digit"
        )
    numbers = {"scale": scale, "offset": offset, "mean": mean, "std": std, "color": color}
    given = {key: value for key, value in numbers.items() if value is not None}
    return ConvertOptions(
        name=name,
        labels=None if labels is None else read_labels(labels),
        method=resize,
        interpolation=interpolation
        or ("bilinear" if rest["recipe"] == "tensorflow" else "nearest"),
        samples=() if samples is None else list_pictures(samples),
        stated=_stated(preprocess, given, on_top=on_top),
        **rest,
    )


def _stated(
    preprocess: str | None, numbers: dict[str, Any], *, on_top: bool
) -> StatedPreprocessing | None:
    """A named preprocessing, or one in numbers, or nothing."""
    if preprocess is not None and numbers:
        raise SettingsError(
            f"--preprocess {preprocess} and --{next(iter(numbers))} say the same thing twice; "
            "give one of them"
        )
    if preprocess is not None:
        return from_name(preprocess, on_top=on_top)
    if numbers:
        return from_numbers(**numbers, on_top=on_top)
    if on_top:
        raise SettingsError("--on-top needs a preprocessing to put on top: --preprocess, --scale …")
    return None
