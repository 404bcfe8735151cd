"""Which layers a map can be drawn over."""

import re

from bundle.manifest import Layer, Manifest
from engine.errors import MethodError
from engine.inspector import Inspector
from engine.targets import ClassTarget, Target

SPATIAL_RANK = 3  # (height, width, channels)

# Classes that compute no feature of their own: they move, drop, reshape or rescale what another
# layer found, or are a whole sub-model, which only repeats its last layer.
_PASSES_ON = re.compile(
    r".*Pooling\dD|.*Dropout(\dD)?|.*Padding\dD|Cropping\dD|UpSampling\dD|Flatten|Reshape|Permute"
    r"|Identity|InputLayer|Rescaling|Resizing|Normalization|Random\w+|GaussianNoise"
    r"|Functional|Sequential|Model"
)


def computes_features(layer: Layer) -> bool:
    """Whether this layer's own output is worth a map: more than one place, and not passed on."""
    if len(layer.shape) != SPATIAL_RANK or _PASSES_ON.fullmatch(layer.keras_class):
        return False
    height, width, _ = layer.shape
    return height * width > 1  # the gates of squeeze-and-excitation are 1x1


def default_layer(manifest: Manifest) -> str:
    """The path of the last differentiable spatial layer that computes features.

    VGG19: `block5_conv4`; ResNet50V2: `post_relu`; InceptionV3: `mixed10`; EfficientNet:
    `top_activation`.

    Raises:
        MethodError: the network has none.
    """
    for layer in reversed(manifest.layers):
        if layer.differentiable and computes_features(layer):
            return layer.path
    raise MethodError(
        f"model {manifest.name} has no differentiable layer of shape (height, width, channels); "
        "ask for a method that needs no layer, for example occlusion"
    )


def spatial_layer(inspector: Inspector, target: Target, path: str | None) -> str:
    """The layer that a map is asked for, checked; without a path the network's default one.

    Raises:
        LayerNotFoundError: the network has no such layer.
        MethodError: it is not spatial, or not before the target's layer, or the target is a channel
            and no layer was named.
    """
    if path is None:
        if isinstance(target, ClassTarget):
            return default_layer(inspector.manifest)
        raise MethodError(f"a target in {target.layer} needs a layer before it; name one")
    layer = inspector.layer(path)
    if len(layer.shape) != SPATIAL_RANK:
        raise MethodError(
            f"a map needs a layer of shape (height, width, channels); {path} has {layer.shape}"
        )
    if not isinstance(target, ClassTarget):
        order = [each.path for each in inspector.manifest.layers]
        if order.index(path) >= order.index(inspector.layer(target.layer).path):
            raise MethodError(f"layer {path} does not come before the target's, {target.layer}")
    return path
