"""Blocks of a base, and unfreezing the last ones."""

from typing import Any

import keras
import pytest

from export.errors import ExportError
from export.finetune.blocks import blocks_of, unfreeze_last
from export.zoo.bases import find_base


def names_of(blocks: list[list[keras.Layer]], index: int) -> list[str]:
    return [layer.name for layer in blocks[index]]


@pytest.mark.parametrize(
    ("base", "count", "first_of_last"),
    [
        ("efficientnet-lite0", 16, "block7a_expand_conv"),
        ("MobileNet", 13, "conv_dw_13"),
        ("MobileNetV3Small", 10, "expanded_conv_10_expand"),
        ("MobileNetV2", 16, "block_16_expand"),
        ("ResNet50V2", 16, "conv5_block3_preact_bn"),
        ("VGG19", 5, "block5_conv1"),
    ],
)
def test_blocks_are_told_by_the_layers_names(base: str, count: int, first_of_last: str) -> None:
    model = find_base(base).build((96, 80), "none")
    blocks = blocks_of(model)
    assert len(blocks) == count
    assert sum(map(len, blocks)) == len(model.layers)
    assert names_of(blocks, -1)[0] == first_of_last


def test_branches_belong_to_the_concatenation_that_joins_them() -> None:
    model = find_base("InceptionV3").build((80, 96), "none")
    blocks = blocks_of(model)
    assert len(blocks) == 11
    assert names_of(blocks, -2)[-1] == "mixed9"
    assert names_of(blocks, -1)[-1] == "mixed10"
    assert sum(isinstance(layer, keras.layers.Conv2D) for layer in blocks[-1]) == 9


def test_where_no_name_tells_a_block_every_layer_with_weights_is_one() -> None:
    model = keras.Sequential(
        [
            keras.Input((8, 12, 3)),
            keras.layers.Conv2D(4, 3, name="one"),
            keras.layers.ReLU(name="relu"),
            keras.layers.Conv2D(4, 3, name="two"),
        ]
    )
    assert [[layer.name for layer in block] for block in blocks_of(model)] == [
        ["one"],
        ["relu", "two"],
    ]


def test_only_the_last_blocks_train_and_no_batch_norm() -> None:
    base: Any = find_base("MobileNetV2").build((32, 48), "none")
    base.trainable = False
    trained = unfreeze_last(base, 2)
    assert trained == [
        "block_15_expand",
        "block_15_depthwise",
        "block_15_project",
        "block_16_expand",
        "block_16_depthwise",
        "block_16_project",
        "Conv_1",
    ]


def test_unfreezing_nothing_freezes_everything() -> None:
    base = find_base("MobileNetV2").build((32, 48), "none")
    assert unfreeze_last(base, 0) == []


def test_more_blocks_than_there_are_is_refused() -> None:
    base = find_base("VGG16").build((32, 48), "none")
    with pytest.raises(ExportError, match="--unfreeze-last 6: vgg16 has only 5 blocks"):
        unfreeze_last(base, 6)
