"""Exports a network of keras.applications with random weights, at its real size.

`python -m benchmarks.random_networks resnet50v2 FOLDER`: time does not depend on what the weights
are, and these need no download.
"""

import tempfile
from pathlib import Path

import click
import keras

from benchmarks.subjects import SUBJECTS
from bundle.repository import Repository
from export.options import ConvertOptions
from export.pipeline import convert
from export.stated import from_name

PREPROCESSING = {"ResNet50V2": "resnet_v2", "InceptionV3": "inception_v3"}


@click.command()
@click.argument("name", type=click.Choice(sorted(SUBJECTS)))
@click.argument("folder", type=click.Path(path_type=Path))
def main(name: str, folder: Path) -> None:
    """Export NAME into the repository FOLDER."""
    keras_name = SUBJECTS[name].keras_name
    if keras_name is None:
        raise click.UsageError(f"{name} is a default model: make models")
    keras.utils.set_random_seed(1)
    model = getattr(keras.applications, keras_name)(weights=None)
    stated = from_name(PREPROCESSING[keras_name])
    options = ConvertOptions(name=name, stated=stated, training="none: random weights")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / f"{name}.keras"
        model.save(file)
        convert(file, options, Repository(folder))


if __name__ == "__main__":
    main()
