"""Activations as pictures, and the way back from picture to numbers."""

import io
import json
from collections.abc import Callable

import httpx
import numpy as np
import pytest
from PIL import Image

from engine.pictures.ranges import parse_range
from service.picture_headers import MAX_HEADER_LENGTH, write_numbers

SPRITE = "/v1/models/colours/activations?format=png&layer=rescaling"
HEIGHT, WIDTH = 48, 64


def npy(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def draw(
    client: httpx.Client, pixels: np.ndarray, query: str = ""
) -> tuple[Image.Image, dict, str]:
    answer = client.post(f"{SPRITE}{query}", content=npy(pixels))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    layout = json.loads(answer.headers["x-cutaway-layout"])
    image = Image.open(io.BytesIO(answer.content))
    return image, layout, answer.headers["x-cutaway-range"]


def tiles(image: Image.Image, layout: dict) -> np.ndarray:
    """Levels (pictures, tiles, height, width) of the sprite, by the layout header alone."""
    levels, edge, zoom = np.asarray(image), layout["separator_pixels"], layout["zoom"]
    high, wide = layout["tile_height"] * zoom, layout["tile_width"] * zoom
    grid = layout["rows"] * (high + edge) + edge + layout["image_gap_pixels"]
    found: list[list[np.ndarray]] = []
    for picture in range(len(layout["images"])):
        found.append([])
        for tile in range(layout["rows"] * layout["columns"]):
            row, column = divmod(tile, layout["columns"])
            y = picture * grid + edge + row * (high + edge)
            x = edge + column * (wide + edge)
            found[-1].append(levels[y : y + high : zoom, x : x + wide : zoom])
    return np.array(found)


def test_a_sprite_is_turned_back_into_the_activation(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    image, layout, header = draw(client, colour_pictures[1:2])
    shown = parse_range(header)
    assert shown.scale == "layer"
    assert image.mode == "P"
    assert (layout["tile_height"], layout["tile_width"]) == (HEIGHT, WIDTH)
    assert layout["channels"] == "0-2"
    assert layout["map"] == "sequential"
    assert layout["images"] == [0]
    expected = np.moveaxis(colour_pictures[1] / 255, -1, 0)
    found = shown.values(tiles(image, layout)[0, :3])
    np.testing.assert_allclose(found, expected, atol=(shown.hi - shown.lo) / 506 + 1e-6)
    assert shown.lo == pytest.approx(expected.min(), abs=1e-6)


def test_the_range_is_the_whole_layers_whichever_channels_are_drawn(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    image, layout, header = draw(client, colour_pictures[:1], "&channel=1,0&limit=1")
    assert layout["channels"] == "1"
    assert parse_range(header).hi == pytest.approx(colour_pictures[0].max() / 255)
    assert image.size == (WIDTH + 2, HEIGHT + 2)


def test_a_crop_and_a_zoom_show_cells(client: httpx.Client, colour_pictures: np.ndarray) -> None:
    image, layout, header = draw(
        client, colour_pictures[2:], "&crop=3,9,4,5&zoom=7&scale=fixed&lo=-1&hi=1&channel=2"
    )
    assert layout["crop"] == {"y": 3, "x": 9, "height": 4, "width": 5}
    assert image.size == (5 * 7 + 2, 4 * 7 + 2)
    assert header.startswith("lo=-1.0,hi=1.0,")
    found = parse_range(header).values(tiles(image, layout)[0, 0])
    expected = colour_pictures[2, 3:7, 9:14, 2] / 255
    np.testing.assert_allclose(found, expected, atol=1 / 253 + 1e-6)


def test_channels_with_ranges_of_their_own_say_them_in_the_file(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    image, layout, header = draw(client, colour_pictures[:1], "&scale=channel&sort=mean")
    assert header == "scale=channel"
    numbers = json.loads(image.info["Cutaway-Layout"])["pictures"][0]
    assert numbers["channels"][0] == 0
    assert layout["channels"] == write_numbers(numbers["channels"])
    for tile, channel in enumerate(numbers["channels"]):
        lo, hi = numbers["lo"][tile], numbers["hi"][tile]
        found = lo + tiles(image, layout)[0, tile] * (hi - lo) / 253
        expected = colour_pictures[0, ..., channel] / 255
        np.testing.assert_allclose(found, expected, atol=(hi - lo) / 506 + 1e-6)


def test_several_pictures_share_range_and_order_and_a_bad_one_is_left_out(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    files = [("image", data) for data in (pictures[0], b"bad", pictures[0], pictures[2])]
    answer = client.post(f"{SPRITE}&sort=mean&limit=2", files=files)
    layout = json.loads(answer.headers["x-cutaway-layout"])
    assert layout["images"] == [0, 2, 3]
    assert layout["channels"] == "0,2"
    found = tiles(Image.open(io.BytesIO(answer.content)), layout)[:, :2]
    np.testing.assert_array_equal(found[0], found[1])
    assert found[0, 0].mean() > found[0, 1].mean()
    assert found[2, 0].mean() < found[2, 1].mean()


def test_quantiles_maps_and_contributions_are_taken(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    pixels = colour_pictures[1:2]
    _, _, header = draw(client, pixels, "&scale=quantile&quantile=0.75")
    expected = np.quantile(pixels / 255, [0.25, 0.75])
    assert [parse_range(header).lo, parse_range(header).hi] == pytest.approx(expected, abs=1e-6)
    _, layout, header = draw(client, pixels, "&map=diverging&sort=contribution")
    assert layout["map"] == "diverging"
    assert parse_range(header).zero == 127
    assert layout["channels"].startswith("1")


def test_dead_channels_are_named(client: httpx.Client, colour_pictures: np.ndarray) -> None:
    pixels = colour_pictures[:1].copy()
    pixels[..., 2] = 0
    _, layout, _ = draw(client, pixels)
    assert layout["dead"] == ["2"]


def test_units_of_a_dense_layer_are_tiles(
    client: httpx.Client, colour_pictures: np.ndarray
) -> None:
    url = SPRITE.replace("rescaling", "pool")
    answer = client.post(url, content=npy(colour_pictures[:1]))
    layout = json.loads(answer.headers["x-cutaway-layout"])
    assert (layout["tile_height"], layout["tile_width"]) == (1, 1)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("&layer=pool", "layer must be one layer with format=png"),
        ("&values=true", "values goes with format=json"),
        ("&predictions=true", "predictions goes with format=json or npz"),
        ("&dtype=float16", "dtype goes with format=json or npz"),
        ("&scale=fixed", "lo is needed with scale=fixed"),
        ("&scale=fixed&lo=1", "hi is needed with scale=fixed"),
        ("&scale=fixed&lo=1&hi=1", "lo must lie below hi"),
        ("&lo=1", "lo goes with scale=fixed"),
        ("&quantile=0.9", "quantile goes with scale=quantile"),
        ("&scale=quantile&quantile=0.5", "quantile: input should be greater than 0.5"),
        ("&scale=fixed&lo=nan&hi=1", "lo: input should be a finite number"),
        ("&zoom=0", "zoom: input should be greater"),
        ("&map=jet", "map: input should be"),
    ],
)
def test_a_drawing_that_cannot_be_is_400(
    client: httpx.Client,
    colour_pictures: np.ndarray,
    refused: Callable[..., dict],
    query: str,
    says: str,
) -> None:
    answer = client.post(f"{SPRITE}{query}", content=npy(colour_pictures))
    assert says in refused(answer, 400, "invalid_query")["message"]


def test_a_sprite_of_too_many_pixels_is_422_and_says_what_fits(
    client: httpx.Client, colour_pictures: np.ndarray, refused: Callable[..., dict]
) -> None:
    answer = client.post(f"{SPRITE}&zoom=64", content=npy(colour_pictures))
    error = refused(answer, 422, "too_much")
    assert error["details"]["fits"].startswith("zoom ")


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([3], "3"), ([0, 1, 2, 9], "0-2,9"), ([2, 1, 0], "2,1,0"), ([5, 6, 5], "5-6,5")],
)
def test_numbers_are_written_as_the_query_takes_them(numbers: list[int], text: str) -> None:
    assert write_numbers(numbers) == text


def test_headers_stay_short() -> None:
    assert MAX_HEADER_LENGTH < 4096
