"""Finding a layer by name, and saying what is there instead."""

from pathlib import Path

import pytest

from bundle.manifest import Layer, Manifest
from engine.errors import ChannelNotFoundError, LayerNotFoundError
from engine.layers import check_channel, find_layer
from tests.engine.attribution.toys import layer, linear_toy


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """A layer table of a nested base."""
    paths = ["image", *(f"inception_v3/mixed{i}" for i in range(11)), "inception_v3/conv2d_3"]
    layers = [layer(path, "Conv2D", (5, 7, 8)) for path in paths]
    layers.append(layer("dense", "Dense", (10,), aliases=("fc1", "inception_v3/mixed3")))
    return linear_toy(tmp_path).manifest.model_copy(update={"layers": tuple(layers)})


def test_a_layer_is_found_by_its_path_before_another_ones_alias(manifest: Manifest) -> None:
    assert find_layer(manifest, "inception_v3/mixed3").keras_class == "Conv2D"
    assert find_layer(manifest, "fc1").path == "dense"


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("inception_v3/mixed11", "inception_v3/mixed1"),
        ("mixed10", "inception_v3/mixed10"),
        ("conv2d_4", "inception_v3/conv2d_3"),
        ("Dense", "dense"),
    ],
)
def test_an_unknown_layer_names_the_three_nearest(
    manifest: Manifest, asked: str, nearest: str
) -> None:
    with pytest.raises(LayerNotFoundError, match=r"no layer '.*'; nearest: ") as caught:
        find_layer(manifest, asked)
    assert caught.value.layer == asked
    assert caught.value.nearest[0] == nearest
    assert len(set(caught.value.nearest)) == 3


def test_a_layer_of_a_model_without_any_says_why(manifest: Manifest) -> None:
    bare = manifest.model_copy(update={"layers": ()})
    with pytest.raises(LayerNotFoundError, match="was published for prediction alone"):
        find_layer(bare, "conv")


def channels_last(shape: tuple[int, ...]) -> Layer:
    """A layer of that shape."""
    return layer("conv", "Conv2D", shape)


def test_channels_units_and_positions_within_the_layer_pass() -> None:
    check_channel(channels_last((5, 7, 8)), 7, (4, 6))
    check_channel(channels_last((8,)), 0)


@pytest.mark.parametrize(
    ("shape", "channel", "position", "sentence"),
    [
        ((5, 7, 8), 8, None, "has no channel 8; expected 0 to 7"),
        ((5, 7, 8), -1, None, "has no channel -1"),
        ((8,), 9, None, "has no unit 9; expected 0 to 7"),
        ((8,), 1, (0, 0), "has no positions"),
        ((5, 7, 8), 1, (5, 0), r"has no position \(5, 0\); expected y, x below \(5, 7\)"),
        ((5, 7, 8), 1, (0, -1), "has no position"),
    ],
)
def test_what_a_layer_does_not_have_is_said_with_what_it_has(
    shape: tuple[int, ...], channel: int, position: tuple[int, int] | None, sentence: str
) -> None:
    with pytest.raises(ChannelNotFoundError, match=sentence):
        check_channel(channels_last(shape), channel, position)
