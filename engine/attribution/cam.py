"""CAM: where in a picture a class's own weights find their features; no gradient."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engine.arrays import Pixels, check_pixels
from engine.attribution.pooled_head import PooledHead, find_pooled_head
from engine.errors import MethodError
from engine.graphs import prune
from engine.inspector import Inspector
from engine.seeds import resolve
from engine.seeds import seed as one_hot
from engine.targets import ClassTarget, Target


def cam(
    inspector: Inspector, pixels: Pixels, target: Target, *, layer: str | None = None
) -> NDArray[np.float32]:
    """Class activation maps (Zhou et al., 2016): Σ_k W[k, c] · A_k, signed, in logits.

    The mean of a picture's map, plus the class's bias, is exactly its logit. The map exists where
    a network ends in global average pooling and one dense layer, and costs one run forwards.

    Args:
        inspector: the network.
        pixels: (batch, height, width, channels).
        target: the logit of a class.
        layer: the layer that is pooled; no other has this map.

    Returns:
        float32 (batch, h, w), at the layer's own resolution.

    Raises:
        MethodError: another head, another layer, or a target that is no class's logit.
        LayerNotFoundError: the network has no such layer.
        TargetError: the network has no such class.
        PixelsError: pixels of another shape or type.
    """
    manifest = inspector.manifest
    if not isinstance(target, ClassTarget) or target.score != "logit":
        raise MethodError("cam shares out the logit of a class; ask for that, or for grad-cam")
    head = find_pooled_head(inspector.graph, manifest)
    path = head.layers[0] if layer is None else inspector.layer(layer).path
    if path not in head.layers:
        raise MethodError(f"cam's layer is the one that is pooled, {head.layers[0]}, not {path}")
    check_pixels(pixels, manifest.input, dtypes=("uint8", "float32"))
    activation, predictions = _run(inspector, pixels, path)
    ids = one_hot(manifest, resolve(target, predictions), len(pixels)).argmax(axis=1)
    return np.einsum("bhwk,kb->bhw", activation, _weights(inspector, head, ids))


def _run(inspector: Inspector, pixels: Pixels, path: str) -> list[NDArray[np.float32]]:
    """The pooled activation and the predictions, from one run forwards."""
    spec = inspector.manifest
    outputs = (inspector.layer(path).tensor, spec.output.tensor)
    session = inspector.sessions.find(outputs, lambda: prune(inspector.graph, outputs))
    return session.run(outputs, {spec.input.tensor: pixels.astype(np.float32, copy=False)})


def _weights(
    inspector: Inspector, head: PooledHead, class_ids: NDArray[np.intp]
) -> NDArray[np.float32]:
    """The head's weights of one class for each picture, (channels, batch).

    The runtime picks them, from wherever they lie: as an output of the network all classes' weights
    would be copied in each run (1280 x 1000 of them cost half a prediction).
    """

    def build() -> onnx.ModelProto:
        graph = inspector.graph.graph
        stored = next(each for each in graph.initializer if each.name == head.tensor)
        pick = helper.make_node(
            "Gather", [head.tensor, "ids"], ["picked"], axis=0 if head.classes_first else 1
        )
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch"])
        picked = helper.make_tensor_value_info(
            "picked", stored.data_type, [None] * len(stored.dims)
        )
        return helper.make_model(
            helper.make_graph([pick], "weights", [ids], [picked], [stored]),
            opset_imports=inspector.graph.opset_import,
            ir_version=inspector.graph.ir_version,
        )

    session = inspector.sessions.find(("weights", head.tensor), build)
    return head.weights(session.run(["picked"], {"ids": class_ids.astype(np.int64)})[0])
