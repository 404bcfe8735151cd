"""Four small networks that differ in how pictures become their input, published for fuzzing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper

from bundle.manifest import Preprocessing
from bundle.publishing import publish, staging
from bundle.repository import INSPECT, PREDICT, Repository
from engine.graphs import load_graph, prune
from tests.engine.attribution.toys import Dtype, Toy, layer, save_toy, weights_of
from tests.service.networks import FP32


@dataclass(frozen=True, slots=True)
class Network:
    """Size (height, width, channels) and type of the input, and how pictures are made to fit."""

    size: tuple[int, int, int]
    preprocessing: Preprocessing
    dtype: Dtype = "uint8"


def _way(recipe: str, method: str, **more: Any) -> Preprocessing:
    return Preprocessing.model_validate(
        {"recipe": recipe, "method": method, "in_graph": "levels / 255", **more}
    )


PHOTO = {"interpolation": "bicubic", "antialias": True, "exif": "apply"}
NETWORKS = {
    "plain": Network((7, 10, 3), _way("tensorflow", "stretch")),
    "photo": Network((6, 9, 3), _way("pillow", "crop", background=(9, 99, 199), **PHOTO)),
    "grey": Network((5, 8, 1), _way("tensorflow", "crop", interpolation="area")),
    "floats": Network((4, 6, 3), _way("pillow", "pad"), "float32"),
}


def publish_networks(root: Path) -> None:
    """All four, each in version 1."""
    for name, network in NETWORKS.items():
        with staging(Repository(root), name) as folder:
            manifest = _mean_toy(folder, network).manifest
            pruned = prune(load_graph(folder / INSPECT), [manifest.output.tensor])
            (folder / PREDICT).write_bytes(pruned.SerializeToString())
            changes = {
                "name": name,
                "preprocessing": network.preprocessing,
                "precisions": (FP32,),
            }
            publish(
                Repository(root),
                folder,
                lambda version, files, manifest=manifest, changes=changes: manifest.model_copy(
                    update={**changes, "version": version, "files": files}
                ),
            )


def _mean_toy(folder: Path, network: Network) -> Toy:
    """Levels / 255 → the mean of each channel → a dense head → softmax of four classes."""
    height, width, channels = network.size
    weights = {
        **weights_of({"kernel": (channels, 4)}, seed=3),
        "scale": np.array(1 / 255, np.float32),
        "axes": np.array([1, 2], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=1),
        helper.make_node("Mul", ["levels", "scale"], ["rescaling"]),
        helper.make_node("ReduceMean", ["rescaling", "axes"], ["pool"], keepdims=0),
        helper.make_node("MatMul", ["pool", "kernel"], ["logits"]),
    ]
    layers = [
        layer("rescaling", "Rescaling", (height, width, channels)),
        layer("pool", "GlobalAveragePooling2D", (channels,)),
    ]
    return save_toy(folder, nodes, weights, layers, size=network.size, dtype=network.dtype)
