"""The blocks of a base, by the names that keras.applications gives its layers."""

import re

import keras

from export.errors import SettingsError

# EfficientNet block7a_, VGG block5_, MobileNetV2 block_16_, ResNet and DenseNet conv5_block3_,
# InceptionResNetV2 block35_10_, ConvNeXt …stage_3_block_2_, MobileNetV3 expanded_conv_10_,
# MobileNet conv_dw_13, InceptionV3 mixed10.
_NAMES = re.compile(
    r"(?:^|_)(block\d+_\d+|block_?\d+[a-z]?|conv\d+_block\d+|stage_\d+_block_\d+|expanded_conv_\d+)(?:_|/|$)"
    r"|^conv_[a-z]+_(\d+)|^(mixed\d+)$"
)


def blocks_of(base: keras.Model) -> list[list[keras.Layer]]:
    """The base's layers in blocks, from the input to the output; every layer is in one.

    A layer whose name tells no block belongs to the block that follows (the branches of an
    Inception block come before the concatenation that is named), or to the last one. Where no name
    tells a block, every layer with weights begins one.
    """
    names = [_block_name(layer.name) for layer in base.layers]
    if not any(names):
        names = [layer.name if layer.weights else None for layer in base.layers]
    following = next(name for name in reversed(names) if name)
    keys: list[str] = []
    for name in reversed(names):
        following = name or following
        keys.insert(0, following)
    blocks: dict[str, list[keras.Layer]] = {}
    for key, layer in zip(keys, base.layers, strict=True):
        blocks.setdefault(key, []).append(layer)
    return list(blocks.values())


def unfreeze_last(base: keras.Model, count: int) -> list[str]:
    """Make the last `count` blocks trainable, BatchNorm excepted, and freeze everything else.

    A frozen BatchNorm layer works in inference mode: it neither uses nor updates the statistics of
    a batch. Calling the base with training=False does not achieve that here: `fit` of Keras 3.15
    overrides it inside a nested model (the means moved by 4e-4 in one step).

    Returns the names of the layers that will be trained.

    Raises:
        SettingsError: the base has fewer blocks.
    """
    blocks = blocks_of(base)
    if count > len(blocks):
        raise SettingsError(f"--unfreeze-last {count}: {base.name} has only {len(blocks)} blocks")
    base.trainable = True
    chosen = {id(layer) for block in blocks[len(blocks) - count :] for layer in block}
    for layer in base.layers:
        normalises = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = id(layer) in chosen and not normalises
    return [layer.name for layer in base.layers if layer.trainable_weights]


def _block_name(name: str) -> str | None:
    """The block that a layer's name tells."""
    match = _NAMES.search(name)
    return next((group for group in match.groups() if group), None) if match else None
