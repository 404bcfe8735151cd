"""Sensitivities as PNG: which picture, and the numbers that turn it back into values."""

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from engine.attribution.maps import to_map, upsample
from engine.pictures.layout import IMAGE_GAP_PIXELS
from engine.pictures.ranges import parse_range
from service.picture_headers import write_numbers
from tests.engine.attribution.toys import HEIGHT, WIDTH

POOLED = "/v1/models/pooled/sensitivity"


@pytest.fixture
def pixels() -> np.ndarray:
    """uint8 (2, 12, 20, 3), distinct, wider than high."""
    return np.random.default_rng(6).integers(0, 255, (2, HEIGHT, WIDTH, 3), dtype=np.uint8)


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def draw(client: httpx.Client, query: str, pixels: np.ndarray) -> tuple[Image.Image, str]:
    answer = client.post(f"{POOLED}?format=png&{query}", content=npy(pixels))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(answer.content)), answer.headers["x-cutaway-range"]


def numbers(client: httpx.Client, query: str, pixels: np.ndarray) -> dict[str, np.ndarray]:
    answer = client.post(f"{POOLED}?format=npz&{query}", content=npy(pixels))
    with np.load(io.BytesIO(answer.content)) as archive:
        return dict(archive)


@pytest.mark.parametrize(
    "query", ["method=gradient", "method=grad-cam", "method=cam", "reduce=sum"]
)
def test_a_heat_map_turns_back_into_its_values(
    inside: httpx.Client, pixels: np.ndarray, query: str
) -> None:
    image, text = draw(inside, query, pixels[:1])
    shown = parse_range(text)
    assert image.size == (WIDTH, HEIGHT)
    assert image.mode == "P"
    expected = upsample(numbers(inside, query, pixels[:1])[":map"], HEIGHT, WIDTH)[0]
    step = (shown.hi - shown.lo) / 253
    np.testing.assert_allclose(shown.values(np.asarray(image)), expected, atol=step * 0.51)


def test_signed_maps_are_symmetric_about_zero(inside: httpx.Client, pixels: np.ndarray) -> None:
    _, text = draw(inside, "reduce=sum", pixels[:1])
    assert ",zero=127," in text
    _, text = draw(inside, "reduce=sum&map=grey", pixels[:1])
    assert ",zero=127," not in text


def test_several_pictures_stand_one_under_another_with_one_range(
    inside: httpx.Client, pixels: np.ndarray
) -> None:
    image, text = draw(inside, "", pixels)
    assert image.size == (WIDTH, 2 * HEIGHT + IMAGE_GAP_PIXELS)
    maps = numbers(inside, "", pixels)[":map"]
    assert parse_range(text).hi == pytest.approx(float(maps.max()))
    rows = np.asarray(image)
    top, bottom = rows[:HEIGHT], rows[-HEIGHT:]
    assert (rows[HEIGHT:-HEIGHT] == 254).all()
    assert not np.array_equal(top, bottom)


@pytest.mark.parametrize(("display", "mode"), [("raw", "RGB"), ("grey", "P"), ("norm", "P")])
def test_the_gradient_of_the_picture_is_drawn_in_three_ways(
    inside: httpx.Client, pixels: np.ndarray, display: str, mode: str
) -> None:
    image, text = draw(inside, f"display={display}", pixels[:1])
    assert (image.size, image.mode) == ((WIDTH, HEIGHT), mode)
    gradient = numbers(inside, "", pixels[:1])["input"][0]
    shown = parse_range(text)
    if display == "norm":
        assert shown.hi == pytest.approx(float(np.linalg.norm(gradient, axis=-1).max()))
    else:
        assert ",zero=127," in text


@pytest.mark.parametrize("opacity", [0, 0.5, 1])
def test_an_overlay_lies_on_what_the_network_saw(
    inside: httpx.Client, pixels: np.ndarray, opacity: float
) -> None:
    image, text = draw(inside, f"method=grad-cam&overlay={opacity}", pixels)
    assert image.mode == "RGB"
    assert image.size == (WIDTH, 2 * HEIGHT + IMAGE_GAP_PIXELS)
    assert parse_range(text).hi > 0
    levels = np.asarray(image)[:HEIGHT].astype(float)
    grey = pixels[0] @ np.array([0.299, 0.587, 0.114])
    if opacity == 0:
        np.testing.assert_allclose(levels, np.repeat(grey[..., None], 3, axis=-1), atol=1)
    else:
        assert np.abs(levels - grey[..., None]).max() > 10


def test_a_layers_gradient_is_a_sprite_of_its_channels(
    inside: httpx.Client, pixels: np.ndarray
) -> None:
    image, text = draw(inside, "layer=conv2_relu&map=diverging", pixels[:1])
    gradient = numbers(inside, "layer=conv2_relu", pixels[:1])["conv2_relu"]
    shown = parse_range(text)
    assert shown.hi == pytest.approx(float(np.abs(gradient).max()))
    assert ",zero=127," in text
    assert image.width > 3 * 10
    assert image.text["Cutaway-Layout"]  # type: ignore[attr-defined]  of PNG files alone


def test_a_layers_sprite_says_where_each_channel_lies(
    inside: httpx.Client, pixels: np.ndarray, encoder: Callable[..., bytes]
) -> None:
    files = [("image", data) for data in (b"bad", encoder(0), encoder(1))]
    url = f"{POOLED}?format=png&layer=conv2_relu&scale=quantile"
    answer = inside.post(url, files=files)
    layout = json.loads(answer.headers["x-cutaway-layout"])
    drawn = json.loads(Image.open(io.BytesIO(answer.content)).info["Cutaway-Layout"])
    assert layout["layer"] == "conv2_relu"
    assert layout["crop"] is None
    assert layout["images"] == [1, 2]
    assert layout["channels"] == write_numbers(drawn["pictures"][0]["channels"])
    for name in ("tile_height", "tile_width", "zoom", "columns", "rows", "separator_pixels"):
        assert layout[name] == drawn[name]
    for query in ("method=grad-cam", "display=raw", "overlay=0.5"):  # a picture without tiles
        plain = inside.post(f"{POOLED}?format=png&{query}", content=npy(pixels))
        assert "x-cutaway-layout" not in plain.headers


def test_channels_may_have_ranges_of_their_own(inside: httpx.Client, pixels: np.ndarray) -> None:
    _, text = draw(inside, "layer=conv2_relu&scale=channel", pixels[:1])
    assert text == "scale=channel"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("scale=fixed&lo=-2&hi=3&map=grey", "lo=-2.0,hi=3.0,"),
        ("scale=quantile&quantile=0.9", "scale=quantile"),
    ],
)
def test_the_range_is_found_as_asked(
    inside: httpx.Client, pixels: np.ndarray, query: str, says: str
) -> None:
    _, text = draw(inside, query, pixels[:1])
    assert says in text


def test_a_map_of_one_colour_is_a_picture_too(inside: httpx.Client) -> None:
    black: Any = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    image, text = draw(inside, "method=input-x-gradient", black)
    assert np.unique(np.asarray(image)).tolist() == [127]
    assert parse_range(text).hi == parse_range(text).lo == 0
    assert to_map(np.zeros((1, 2, 3, 3), np.float32)).max() == 0
