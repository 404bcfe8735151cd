"""Networks in Keras beside what export made of them."""

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import keras
from rich.console import Console

from bundle.repository import Bundle, Repository
from export.load import load_keras
from export.network import Network, check_keras
from export.options import ConvertOptions
from export.pipeline import convert
from export.weights.efficientnet_lite0 import load_weights, packaged_file
from export.zoo.efficientnet_lite0 import efficientnet_lite0
from tests.end_to_end.grouped_network import grouped_network
from tests.end_to_end.transfer_models import transfer_model, untrained

GROUPED = "grouped"
# (height, width) of each base: non-square, and small where the base allows it.
SIZES = {
    "VGG19": (96, 112),
    "InceptionV3": (139, 171),
    "ResNet50V2": (128, 96),
    "MobileNetV2": (96, 128),
    "EfficientNetB0": (96, 128),
    GROUPED: (96, 128),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A network in Keras and its published bundle.

    Args:
        model: loaded from the file that was exported.
        network: the model as export saw it.
        bundle: in a repository that holds nothing else, or the default models.
        twin: another network like it for TensorFlow's gradients, with any weights.
    """

    model: keras.Model
    network: Network
    bundle: Bundle
    twin: Callable[[], keras.Model]

    @property
    def models(self) -> Path:
        """The repository."""
        return self.bundle.folder.parents[1]


def export_network(name: str, folder: Path) -> Exported:
    """Make a network with random weights, save it, export it, and load it again.

    Args:
        name: a key of SIZES.
        folder: for the file and the repository.
    """
    keras.utils.set_random_seed(11)
    size = SIZES[name]
    model = grouped_network(size) if name == GROUPED else transfer_model(name, size)
    file = folder / f"{name}.keras"
    model.save(file)
    options = ConvertOptions(name=name.lower())
    bundle = convert(file, options, Repository(folder / "models"), console=Console(file=StringIO()))

    def twin() -> keras.Model:
        return grouped_network(size, split=True) if name == GROUPED else untrained(name, size)

    loaded = load_keras(file)
    return Exported(loaded, check_keras(loaded, options), bundle, twin)


def default_imagenet(models: Path) -> Exported:
    """The default model `imagenet`, and the network that it was made from.

    Args:
        models: the folder of the default models.
    """
    model = efficientnet_lite0()
    load_weights(model, packaged_file())
    network = check_keras(model, ConvertOptions(name="imagenet"))
    return Exported(model, network, Repository(models).open("imagenet"), efficientnet_lite0)
