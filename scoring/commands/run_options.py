"""The options of `run`; each is called as the field that it fills."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _split(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """`--layers a,b --layers c` → a, b, c."""
    del ctx, param
    return tuple(path.strip() for text in value for path in text.split(",") if path.strip())


MODEL: tuple[Decorator, ...] = (
    click.option(
        "--model", required=True, metavar="NAME[:VERSION]", help="A version's label will do, too."
    ),
    click.option(
        "--models",
        type=click.Path(path_type=Path),
        default=Path("models"),
        envvar="CUTAWAY_MODELS",
        show_default=True,
        help="The model repository.",
    ),
    click.option(
        "--device",
        default="auto",
        show_default=True,
        help="auto, cpu, openvino, cuda, cuda:N, tensorrt or tensorrt:N; auto is measured once.",
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "fp32", "bf16", "fp16", "int8"]),
        default="auto",
        show_default=True,
        help="As the service computes; layers always in fp32.",
    ),
    click.option(
        "--batch",
        type=click.IntRange(1, 1024),
        help="Pictures in one run of the network.  [default: 8; on a GPU 64]",
    ),
    click.option(
        "--draft",
        is_flag=True,
        help="Decode large JPEGs at a smaller scale: sooner, and not quite the same pixels.",
    ),
    click.option(
        "--max-image-pixels",
        type=click.IntRange(1),
        default=50_000_000,
        show_default=True,
        help="Width times height that a picture's header may announce.",
    ),
    click.option(
        "--max-image-aspect",
        type=click.FloatRange(1),
        default=100.0,
        show_default=True,
        help="Long side over short side.",
    ),
)
COLUMNS: tuple[Decorator, ...] = (
    click.option(
        "--top-k", type=click.IntRange(1), default=5, show_default=True, help="Best classes."
    ),
    click.option("--all-scores", is_flag=True, help="Also every class's score."),
    click.option(
        "--layers",
        multiple=True,
        callback=_split,
        metavar="PATH[,PATH…]",
        help="Also what these did, each in a column of its own.",
    ),
    click.option(
        "--pool",
        type=click.Choice(["mean", "max", "none"]),
        default="mean",
        show_default=True,
        help="What becomes of a layer's height and width.",
    ),
)
INPUT: tuple[Decorator, ...] = (
    click.option("--path-column", metavar="NAME", help="Of CSV and Parquet.  [default: guessed]"),
    click.option("--bytes-column", metavar="NAME", help="Of Parquet.  [default: guessed]"),
    click.option("--label-column", metavar="NAME", help="The expected class, in CSV or Parquet."),
    click.option(
        "--labels-from-folders", is_flag=True, help="cats/1.jpg is expected to be of class cats."
    ),
    click.option(
        "--max-file-bytes",
        type=click.IntRange(1),
        default=50_000_000,
        show_default=True,
        help="Larger files are rows with an error.",
    ),
    click.option(
        "--shard",
        "shard_pictures",
        type=click.IntRange(1, 1_000_000),
        default=1000,
        show_default=True,
        metavar="PICTURES",
        help="Of one file of the output, which is there as a whole or not at all.",
    ),
)
ENGINE: tuple[Decorator, ...] = (
    click.option(
        "--threads",
        type=click.IntRange(0),
        default=0,
        help="That decode and run the network.  [default: one a core]",
    ),
    click.option(
        "--engine",
        type=click.Choice(["local", "ray"]),
        default="local",
        show_default=True,
        help="This machine, or a Ray cluster.",
    ),
    click.option(
        "--address", metavar="HOST:PORT", help="Of the cluster.  [default: one on this machine]"
    ),
)


def add_options(*groups: tuple[Decorator, ...]) -> Decorator:
    """Give a command these options, in their order."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed([option for group in groups for option in group]):
            function = option(function)
        return function

    return add
