"""CAM: where in a picture a class's own weights find their features; no gradient."""

import numpy as np
import onnx
from numpy.typing import NDArray

from engine.arrays import Pixels, check_pixels
from engine.attribution.pooled_head import PooledHead, find_pooled_head
from engine.errors import MethodError
from engine.graphs import prune
from engine.inspector import Inspector
from engine.seeds import resolve, seed
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
    activation, values, predictions = _run(inspector, pixels, path, head)
    chosen = seed(manifest, resolve(target, predictions), len(pixels))
    of_class = chosen @ head.weights(values).T
    return np.einsum("bhwk,bk->bhw", activation, of_class)


def _run(
    inspector: Inspector, pixels: Pixels, path: str, head: PooledHead
) -> list[NDArray[np.float32]]:
    """The pooled activation, the head's weights, and the predictions, from one run forwards.

    The runtime answers the weights too, as it has them loaded from wherever they lie.
    """
    manifest = inspector.manifest
    outputs = [inspector.layer(path).tensor, head.tensor, manifest.output.tensor]

    def build() -> onnx.ModelProto:
        model = onnx.ModelProto()
        model.CopyFrom(inspector.graph)
        weights = next(each for each in model.graph.initializer if each.name == head.tensor)
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(head.tensor, weights.data_type, weights.dims)
        )
        return prune(model, outputs)

    session = inspector.sessions.find(("cam", *outputs), build)
    return session.run(outputs, {manifest.input.tensor: pixels.astype(np.float32, copy=False)})
