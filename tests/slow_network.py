"""A network that takes its time: tens of milliseconds a picture, so that a queue can be seen."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bundle.publishing import publish, staging
from bundle.repository import PREDICT, Bundle, Repository

HEIGHT, WIDTH = 48, 64


def slow_graph() -> onnx.ModelProto:
    """uint8 (batch, 48, 64, 3) → blown up, convolved → softmax; tens of ms a picture."""
    generator = np.random.default_rng(11)
    weights = {
        "scales": np.array([1, 1, 4, 4], np.float32),
        "kernel": generator.normal(0, 0.1, (32, 3, 5, 5)).astype(np.float32),
        "kernel2": generator.normal(0, 0.1, (32, 32, 5, 5)).astype(np.float32),
        "head": generator.normal(0, 1, (32, 3)).astype(np.float32),
        "axes": np.array([2, 3], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["levels"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Resize", ["first", "", "scales"], ["large"], mode="nearest"),
        helper.make_node("Conv", ["large", "kernel"], ["edges"]),
        helper.make_node("Conv", ["edges", "kernel2"], ["features"]),
        helper.make_node("ReduceMean", ["features", "axes"], ["pool"], keepdims=0),
        helper.make_node("MatMul", ["pool", "head"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["predictions"], axis=-1),
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", HEIGHT, WIDTH, 3])
    answer = helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph(nodes, "slow", [image], [answer], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def publish_slow(root: Path, like: Bundle) -> None:
    """Publish the slow network under the manifest of another."""
    with staging(Repository(root), "slow") as folder:
        onnx.save_model(slow_graph(), str(folder / PREDICT))
        publish(
            Repository(root),
            folder,
            lambda version, files: like.manifest.model_copy(
                update={"name": "slow", "version": version, "layers": (), "files": files}
            ),
        )
