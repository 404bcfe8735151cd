"""A small network that tells colours apart, published, and pictures of colours to measure on."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from rich.console import Console

from bundle.publishing import publish, staging
from bundle.repository import PREDICT, Bundle, Repository
from export.precision.options import PrecisionOptions
from export.precision.run import add_precisions
from tests.conftest import HEIGHT, LABELS, WIDTH, publish_colours

Maker = Callable[..., Path]
Adder = Callable[..., Bundle]


def colour_network(*, factor: float = 1.0) -> onnx.ModelProto:
    """uint8 (batch, 48, 64, 3) → /255 → two convolutions → mean → dense → softmax.

    Args:
        factor: how much larger the values between the convolutions are than the picture's.
    """
    random = np.random.default_rng(3)
    first = random.normal(0, 0.1, (6, 3, 3, 3)).astype(np.float32)
    for channel in range(6):
        first[channel, channel % 3] += 0.4
    second = np.zeros((6, 1, 3, 3), np.float32)
    second[:, 0, 1, 1] = 1 / factor
    kernel = np.tile(np.eye(3, dtype=np.float32), (2, 1)) * 1.5
    weights = {
        "scale": np.float32(1 / 255),
        "first": first * factor,
        "second": second,
        "kernel": kernel,
        "bias": np.zeros(3, np.float32),
        "axes": np.array([2, 3], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["levels", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "first"], ["a"], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], group=6),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("ReduceMean", ["d", "axes"], ["pooled"], keepdims=0),
        helper.make_node("Gemm", ["pooled", "kernel", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["predictions"], axis=-1),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", HEIGHT, WIDTH, 3])
    answer = helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["batch", 3])
    constants = [numpy_helper.from_array(np.asarray(v), k) for k, v in weights.items()]
    graph = helper.make_graph(nodes, "colours", [image], [answer], constants)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def publish_network(root: Path, network: onnx.ModelProto, name: str = "colours") -> Bundle:
    """Publish a network under the manifest of the colour model."""
    source = publish_colours(root / "source", name)
    with staging(Repository(root), name) as folder:
        (folder / PREDICT).write_bytes(network.SerializeToString())
        return publish(
            Repository(root),
            folder,
            lambda version, files: source.manifest.model_copy(
                update={"version": version, "files": files, "layers": ()}
            ),
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with the colour network as version 1 of `colours`."""
    root = tmp_path / "models"
    publish_network(root, colour_network())
    return Repository(root)


@pytest.fixture
def make_pictures(tmp_path: Path) -> Maker:
    """Writes PNG pictures, in a folder per class unless told otherwise: (name, count) → folder."""

    def make(name: str, count: int, *, seed: int = 0, labelled: bool = True) -> Path:
        random = np.random.default_rng(seed)
        folder = tmp_path / name
        for index in range(count):
            pixels = random.integers(0, 90, (40, 56, 3), dtype=np.uint8)
            pixels[..., index % 3] += 120
            place = folder / LABELS[index % 3] if labelled else folder
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(place / f"{index:04}.png")
        return folder

    return make


@pytest.fixture
def add(repository: Repository) -> Adder:
    """Adds precisions to `colours`; settings are those of PrecisionOptions."""

    def run(*variants: Any, console: Console | None = None, **settings: Any) -> Bundle:
        options = PrecisionOptions("colours", variants, **settings)
        return add_precisions(options, repository, console=console or Console(file=StringIO()))

    return run
