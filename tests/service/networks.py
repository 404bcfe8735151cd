"""Toy networks, published for a server: small, and every method applies to the first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from bundle.manifest import Precision
from bundle.publishing import publish, staging
from bundle.repository import INSPECT, PREDICT, Bundle, Repository
from engine.graphs import load_graph, prune
from tests.engine.attribution.toys import (
    HEIGHT,
    WIDTH,
    Toy,
    flat_toy,
    layer,
    pooled_toy,
    save_toy,
    weights_of,
)

FP32 = Precision(name="fp32", file=PREDICT, top1_agreement=1, max_abs_difference=0)
LABELS = ("bag", "boot", "coat", "bag ")


def odd_toy(folder: Path) -> Toy:
    """Levels · kernel through an operator that has no gradient rule."""
    flat = HEIGHT * WIDTH * 3
    weights: dict[str, Any] = {
        **weights_of({"kernel": (flat, len(LABELS))}, seed=1),
        "flat_shape": np.array([-1, flat], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["levels", "flat_shape"], ["flatten"]),
        helper.make_node("Asinh", ["flatten"], ["odd"]),
        helper.make_node("MatMul", ["odd", "kernel"], ["logits"]),
    ]
    return save_toy(folder, nodes, weights, [layer("flatten", "Flatten", (flat,))])


NETWORKS: dict[str, Callable[[Path], Toy]] = {
    "pooled": lambda folder: pooled_toy(folder, blocks=2),
    "logits": lambda folder: pooled_toy(folder, activation="none"),
    "flat": flat_toy,
    "odd": odd_toy,
}


def publish_network(root: Path, name: str) -> Bundle:
    """Publish one of them as the next version of its name."""
    repository = Repository(root)
    with staging(repository, name) as folder:
        manifest = NETWORKS[name](folder).manifest
        pruned = prune(load_graph(folder / INSPECT), [manifest.output.tensor])
        (folder / PREDICT).write_bytes(pruned.SerializeToString())
        return publish(
            repository,
            folder,
            lambda version, files: manifest.model_copy(
                update={
                    "name": name,
                    "version": version,
                    "labels": LABELS,
                    "precisions": (FP32,),
                    "files": files,
                }
            ),
        )
