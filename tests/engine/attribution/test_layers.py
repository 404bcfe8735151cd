"""Which layers a map can be drawn over."""

import pytest

from bundle.manifest import Layer
from engine.attribution.layers import default_layer, spatial_layer
from engine.errors import LayerNotFoundError, MethodError
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import Toy, layer


def default_of(toy: Toy, *layers: Layer) -> str:
    return default_layer(toy.manifest.model_copy(update={"layers": layers}))


def test_the_default_of_vgg19_is_its_last_convolution_not_the_pooling_behind_it(flat: Toy) -> None:
    found = default_of(
        flat,
        layer("block5_conv3", "Conv2D", (14, 14, 512)),
        layer("block5_conv4", "Conv2D", (14, 14, 512)),
        layer("block5_pool", "MaxPooling2D", (7, 7, 512)),
        layer("vgg19", "Functional", (7, 7, 512)),
        layer("flatten", "Flatten", (25088,)),
        layer("predictions", "Dense", (10,)),
    )
    assert found == "block5_conv4"


def test_the_default_of_resnet50v2_is_its_last_activation(flat: Toy) -> None:
    found = default_of(
        flat,
        layer("conv5_block3_out", "Add", (7, 7, 2048)),
        layer("post_bn", "BatchNormalization", (7, 7, 2048)),
        layer("post_relu", "Activation", (7, 7, 2048)),
        layer("avg_pool", "GlobalAveragePooling2D", (2048,)),
    )
    assert found == "post_relu"


def test_the_default_of_inceptionv3_is_its_last_concatenation(flat: Toy) -> None:
    found = default_of(
        flat,
        layer("inception_v3/activation_93", "Activation", (8, 8, 192)),
        layer("inception_v3/mixed10", "Concatenate", (8, 8, 2048)),
        layer("inception_v3", "Functional", (8, 8, 2048)),
        layer("avg_pool", "GlobalAveragePooling2D", (2048,)),
    )
    assert found == "inception_v3/mixed10"


def test_a_dropout_of_whole_channels_is_passed_over(flat: Toy) -> None:
    found = default_of(
        flat,
        layer("top_activation", "ReLU", (7, 7, 1280)),
        layer("top_dropout", "SpatialDropout2D", (7, 7, 1280)),
    )
    assert found == "top_activation"


def test_gates_of_one_place_are_passed_over(flat: Toy) -> None:
    found = default_of(
        flat,
        layer("multiply", "Multiply", (7, 7, 960)),
        layer("squeeze", "Conv2D", (1, 1, 240)),
        layer("excite", "Activation", (1, 1, 960)),
    )
    assert found == "multiply"


def test_a_layer_without_a_gradient_is_passed_over(flat: Toy) -> None:
    found = default_of(
        flat,
        layer("conv", "Conv2D", (7, 9, 8)),
        layer("absorbed", "BatchNormalization", (7, 9, 8), differentiable=False),
    )
    assert found == "conv"


def test_a_network_without_spatial_layers_is_told_what_to_ask_for(linear: Toy) -> None:
    with pytest.raises(MethodError, match="occlusion"):
        default_layer(linear.manifest)


def test_a_layer_is_found_or_the_nearest_are_named(pooled: Toy) -> None:
    assert spatial_layer(pooled.inspector, ClassTarget(), "conv") == "conv"
    with pytest.raises(LayerNotFoundError, match="conv_relu"):
        spatial_layer(pooled.inspector, ClassTarget(), "conv_rely")


def test_a_dense_layer_has_no_map(pooled: Toy) -> None:
    with pytest.raises(MethodError, match=r"pool has \(5,\)"):
        spatial_layer(pooled.inspector, ClassTarget(), "pool")


def test_a_channel_needs_a_layer_before_its_own(pooled: Toy) -> None:
    target = ChannelTarget("conv", 0)
    assert spatial_layer(pooled.inspector, target, "rescaling") == "rescaling"
    with pytest.raises(MethodError, match="name one"):
        spatial_layer(pooled.inspector, target, None)
    for late in ("conv", "conv_relu"):
        with pytest.raises(MethodError, match="does not come before"):
            spatial_layer(pooled.inspector, target, late)
