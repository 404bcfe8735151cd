"""A real bundle small enough for every test: three classes, told apart by colour."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bundle.manifest import (
    EndToEnd,
    ImageInput,
    Layer,
    Manifest,
    Output,
    Precision,
    Preprocessing,
    Source,
)
from bundle.publishing import publish, staging
from bundle.repository import INSPECT, PREDICT, WEIGHTS, Bundle, Repository
from engine.graphs import load_graph, prune

HEIGHT, WIDTH = 48, 64
LABELS = ("red", "green", "blue")

Publisher = Callable[[Path, str], Bundle]


def colour_graph() -> onnx.ModelProto:
    """uint8 (batch, 48, 64, 3) → mean colour → softmax; its layers are outputs too."""
    weights = {
        "scale": np.float32(1 / 255),
        "kernel": np.eye(3, dtype=np.float32) * 8,
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["levels", "scale"], ["rescaling"]),
        helper.make_node("ReduceMean", ["rescaling", "axes"], ["pool"], keepdims=0),
        helper.make_node("MatMul", ["pool", "kernel"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["predictions"], axis=-1),
    ]
    constants = [numpy_helper.from_array(np.asarray(v), k) for k, v in weights.items()]
    constants.append(numpy_helper.from_array(np.array([1, 2], np.int64), "axes"))
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", HEIGHT, WIDTH, 3])
    shapes: dict[str, list[int | str]] = {
        "predictions": ["batch", 3],
        "rescaling": ["batch", HEIGHT, WIDTH, 3],
        "pool": ["batch", 3],
    }
    outputs = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items()]
    graph = helper.make_graph(nodes, "colours", [image], outputs, constants)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def _save(folder: Path) -> None:
    """Both graphs over one weights file."""
    onnx.save_model(
        colour_graph(),
        str(folder / INSPECT),
        save_as_external_data=True,
        location=WEIGHTS,
        size_threshold=64,  # ONNX counts Python's 33 bytes of overhead: the kernel is out, axes in
    )
    pruned = prune(load_graph(folder / INSPECT), ["predictions"])
    (folder / PREDICT).write_bytes(pruned.SerializeToString())


def publish_colours(root: Path, name: str) -> Bundle:
    """Publish the colour model as the next version of `name`."""
    repository = Repository(root)
    shapes = {"rescaling": (HEIGHT, WIDTH, 3), "pool": (3,)}
    with staging(repository, name) as folder:
        _save(folder)
        return publish(
            repository,
            folder,
            lambda version, files: Manifest(
                name=name,
                version=version,
                created=datetime(2026, 1, 2, tzinfo=UTC),
                source=Source(
                    file="colours.keras",
                    sha256="0" * 64,
                    keras_version="0",
                    tensorflow_version="0",
                    tf2onnx_version="0",
                    architecture="colours",
                ),
                labels=LABELS,
                input=ImageInput(height=HEIGHT, width=WIDTH, channels=3),
                preprocessing=Preprocessing(
                    recipe="tensorflow", method="stretch", in_graph="levels / 255"
                ),
                output=Output(activation="softmax"),
                layers=tuple(
                    Layer(
                        path=path,
                        keras_class="Layer",
                        shape=shape,
                        channels=3,
                        tensor=path,
                        parameters=0,
                        differentiable=True,
                    )
                    for path, shape in shapes.items()
                ),
                precisions=(
                    Precision(name="fp32", file=PREDICT, top1_agreement=1, max_abs_difference=0),
                ),
                end_to_end=EndToEnd(images=1, top1_agreement=1, max_abs_difference=0),
                files=files,
            ),
        )


@pytest.fixture(scope="session")
def publish_model() -> Publisher:
    """Publishes the colour model: (repository root, name) → Bundle."""
    return publish_colours


@pytest.fixture
def colours(tmp_path: Path) -> Bundle:
    """The colour model, published alone into a repository of the test's own."""
    return publish_colours(tmp_path / "models", "colours")


@pytest.fixture
def colour_pictures() -> np.ndarray:
    """uint8 (3, 48, 64, 3): a red, a green and a blue picture with seeded noise."""
    noise = np.random.default_rng(7).integers(0, 60, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)
    for index in range(3):
        noise[index, ..., index] += 180
    return noise
