"""JPEGs whose header and data disagree."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle.manifest import ImageInput, Preprocessing
from engine.errors import UndecodableImageError
from engine.recipes import Recipe, build_recipe
from engine.turbojpeg import JpegHeader, decode_jpeg, read_jpeg_header


def colours(width: int = 37, height: int = 23) -> Image.Image:
    noise = np.random.default_rng((width, height))
    return Image.fromarray(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))


def encode(image: Image.Image | None = None, **settings: Any) -> bytes:
    stream = BytesIO()
    (image or colours()).save(stream, "JPEG", **settings)
    return stream.getvalue()


def recipes() -> list[Recipe]:
    spec = ImageInput(height=5, width=8, channels=3)
    return [
        build_recipe(spec, Preprocessing(recipe=name, method="stretch", in_graph="nothing"))
        for name in ("tensorflow", "pillow")
    ]


def refuse(data: bytes, match: str) -> None:
    """Both recipes refuse the bytes as undecodable."""
    for recipe in recipes():
        with pytest.raises(UndecodableImageError, match=match):
            recipe(data)


def test_the_header_tells_size_and_inks() -> None:
    assert read_jpeg_header(encode()) == JpegHeader(37, 23, cmyk=False)
    assert read_jpeg_header(encode(colours().convert("CMYK"))) == JpegHeader(37, 23, cmyk=True)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"no picture"])
def test_there_is_no_header_in_anything_else(data: bytes) -> None:
    assert read_jpeg_header(data) is None
    with pytest.raises(ValueError, match=r"."):
        decode_jpeg(data, "RGB")


def test_a_jpeg_without_its_last_bytes_is_refused() -> None:
    data = encode(colours(160, 90))
    refuse(data[:-200], "truncated")


def test_a_jpeg_that_claims_more_rows_than_it_holds_is_refused_by_the_tensorflow_recipe() -> None:
    data = bytearray(encode())
    frame = data.find(b"\xff\xc0")
    data[frame + 5 : frame + 7] = struct.pack(">H", 900)
    with pytest.raises(UndecodableImageError):
        recipes()[0](bytes(data))


def test_a_jpeg_that_claims_fewer_rows_than_it_holds_is_as_large_as_it_claims() -> None:
    data = bytearray(encode())
    frame = data.find(b"\xff\xc0")
    data[frame + 5 : frame + 7] = struct.pack(">H", 8)
    for recipe in recipes():
        assert recipe(bytes(data)).shape == (5, 8, 3)


def test_a_jpeg_that_asks_for_thousands_of_passes_is_refused() -> None:
    data = encode(colours(4000, 3000), progressive=True, quality=1)
    scan = data.rfind(b"\xff\xda")
    refuse(data[:-2] + data[scan:-2] * 1000 + data[-2:], "passes")
