"""Which layers, channels and cells a query means."""

import numpy as np
import pytest

from bundle.manifest import Layer, Manifest
from bundle.repository import Bundle
from engine.errors import ChannelNotFoundError, LayerNotFoundError
from service.errors import InvalidQueryError
from service.selection import Crop, Selection, select_channels, select_crop, select_layers

SHAPES = {
    "image": (299, 224, 3),
    "inception_v3/conv2d": (149, 112, 32),
    "inception_v3/mixed0": (35, 27, 256),
    "inception_v3/mixed1": (35, 27, 288),
    "inception_v3/mixed10": (8, 6, 2048),
    "inception_v3/deep/mixed2": (8, 6, 2048),
    "odd[name]*": (5,),
    "dense": (10,),
}


def layer(path: str) -> Layer:
    shape = SHAPES[path]
    return Layer(
        path=path,
        keras_class="Layer",
        shape=shape,
        channels=shape[-1],
        tensor=path,
        parameters=0,
        differentiable=True,
        aliases=("Mixed_5b", "slim/Mixed_5b") if path.endswith("mixed0") else (),
    )


@pytest.fixture
def manifest(colours: Bundle) -> Manifest:
    layers = tuple(layer(path) for path in SHAPES)
    return colours.manifest.model_copy(update={"layers": layers})


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["dense"], ["dense"]),
        (["dense", "image", "dense"], ["dense", "image"]),
        (["inception_v3/mixed?"], ["inception_v3/mixed0", "inception_v3/mixed1"]),
        (
            ["inception_v3/mixed*"],
            ["inception_v3/mixed0", "inception_v3/mixed1", "inception_v3/mixed10"],
        ),
        (["*"], ["image", "odd[name]*", "dense"]),
        (["*/mixed1*"], ["inception_v3/mixed1", "inception_v3/mixed10"]),
        (["inception_v3/mixed[01]"], ["inception_v3/mixed0", "inception_v3/mixed1"]),
        (["**/mixed2"], ["inception_v3/deep/mixed2"]),
        (["inception_v3/**/mixed1"], ["inception_v3/mixed1"]),
        (["**"], list(SHAPES)),
        (["**/**/**"], list(SHAPES)),
        (["Mixed_5b"], ["inception_v3/mixed0"]),
        (["slim/*"], ["inception_v3/mixed0"]),
        (["odd[name]*"], ["odd[name]*"]),
    ],
)
def test_layers_are_found_by_path_alias_and_pattern(
    manifest: Manifest, patterns: list[str], expected: list[str]
) -> None:
    assert [found.path for found in select_layers(manifest, patterns)] == expected


@pytest.mark.parametrize("pattern", ["mixed*", "inception_v3/mixed11", "*/*/*/*", ""])
def test_what_matches_nothing_names_the_three_nearest(manifest: Manifest, pattern: str) -> None:
    with pytest.raises(LayerNotFoundError) as caught:
        select_layers(manifest, ["dense", pattern])
    assert len(caught.value.nearest) == 3
    assert all(path in str(caught.value) for path in caught.value.nearest)


def test_a_pattern_cannot_be_made_slow(manifest: Manifest) -> None:
    for hostile in ("**/" * 80, "*a" * 120 + "b", "**/*/" * 50):
        with pytest.raises(LayerNotFoundError):
            select_layers(manifest, [hostile])


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], None),
        (["3"], (3,)),
        (["0-3,7"], (0, 1, 2, 3, 7)),
        (["7", "2-4,3", " 0"], (7, 2, 3, 4, 0)),
        (["9-9"], (9,)),
    ],
)
def test_channels_are_numbers_and_ranges_in_their_order(
    texts: list[str], expected: tuple[int, ...] | None
) -> None:
    assert select_channels([layer("dense"), layer("image")][:1], texts) == expected


@pytest.mark.parametrize("text", ["", "a", "1,", "-1", "4-2", "1-", "1.5", "٣", "1" * 10])
def test_channels_that_are_no_numbers_are_refused(text: str) -> None:
    with pytest.raises(InvalidQueryError, match="channel: expected"):
        select_channels([layer("dense")], [text])


def test_a_channel_must_be_in_every_layer_and_is_not_written_out_before() -> None:
    with pytest.raises(ChannelNotFoundError, match="image has no channel 3"):
        select_channels([layer("dense"), layer("image")], ["3"])
    with pytest.raises(ChannelNotFoundError, match="dense has no unit 999999999"):
        select_channels([layer("dense")], ["0-999999999"])


def test_a_crop_is_y_x_height_width_of_the_layers_own_grid() -> None:
    assert select_crop([layer("image")], "290,0,9,224") == Crop(290, 0, 9, 224)
    assert select_crop([layer("image")], None) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,0,1,1",
        "0,0,0,1",
        "0,0,1,0",
        "291,0,9,1",
        "0,1,1,224",
        "-1,0,1,1",
    ],
)
def test_a_crop_that_is_empty_or_outside_is_refused(text: str) -> None:
    with pytest.raises(InvalidQueryError, match="crop: expected"):
        select_crop([layer("image")], text)


def test_a_crop_of_a_dense_layer_is_refused() -> None:
    with pytest.raises(InvalidQueryError, match=r"a grid; dense is \(10,\)"):
        select_crop([layer("image"), layer("dense")], "0,0,1,1")


def test_what_is_selected_is_cut_and_counted_alike() -> None:
    image = layer("image")
    selection = Selection((image,), (2, 0), Crop(1, 2, 3, 4), limit=1)
    values = np.arange(2 * 299 * 224 * 3, dtype=np.float32).reshape(2, 299, 224, 3)
    np.testing.assert_array_equal(selection.cut(values), values[:, 1:4, 2:6, [2, 0]])
    assert selection.shape(image) == (3, 4, 1)
    assert selection.numbers == 12
    assert Selection((layer("dense"), image)).numbers == 10 + 299 * 224 * 3
