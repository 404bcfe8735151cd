"""What bad, odd and hostile pictures get; the shared client checks that the service goes on."""

import io
import struct
import zlib
from collections.abc import Callable

import httpx
import numpy as np
import pytest
from PIL import Image

PREDICT = "/v1/models/colours/predict"
Encoder = Callable[..., bytes]


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG file written by hand: rows, each with its filter byte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def huge_png() -> bytes:
    """12,000 by 12,000 pixels of one colour: 144 megapixels in some 18 kB."""
    return png(12_000, 12_000, 1, 0, bytes(1 + 12_000 // 8) * 12_000)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/"/></svg>'


@pytest.mark.parametrize(
    "data", [b"not a picture", EPS, SVG, b"\x00" * 1000, b"PK\x03\x04zip", b"%PDF-1.7\n", b"{}"]
)
def test_what_is_no_picture_is_415(
    client: httpx.Client, refused: Callable[..., dict], data: bytes
) -> None:
    answer = client.post(PREDICT, content=data, headers={"Content-Type": "image/jpeg"})
    refused(answer, 415, "unsupported_image")


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "BMP"])
def test_a_truncated_picture_is_400(
    client: httpx.Client, encoder: Encoder, refused: Callable[..., dict], file_format: str
) -> None:
    whole = encoder(0, file_format)
    refused(client.post(PREDICT, content=whole[: len(whole) // 2]), 400, "undecodable_image")


def test_an_empty_body_is_400(client: httpx.Client, refused: Callable[..., dict]) -> None:
    refused(client.post(PREDICT, content=b""), 400, "undecodable_image")


def test_a_part_of_no_bytes_is_that_pictures_error(
    client: httpx.Client, pictures: tuple[bytes, ...], refused: Callable[..., dict]
) -> None:
    alone = client.post(PREDICT, files={"image": ("empty.png", b"")})
    refused(alone, 400, "undecodable_image")
    beside = client.post(PREDICT, files=[("image", b""), ("image", pictures[0])])
    first, second = beside.json()["results"]
    assert first["error"]["code"] == "undecodable_image"
    assert second["classes"][0]["label"] == "red"


def test_a_picture_of_144_megapixels_in_18_kilobytes_is_413(
    client: httpx.Client, refused: Callable[..., dict]
) -> None:
    data = huge_png()
    assert len(data) < 20_000
    refused(client.post(PREDICT, content=data), 413, "image_too_large")


@pytest.mark.parametrize(
    ("file_format", "mode"),
    [("JPEG", "CMYK"), ("GIF", "P"), ("BMP", "RGB"), ("PNG", "RGBA"), ("PNG", "P")],
)
def test_odd_pictures_are_answered(
    client: httpx.Client, encoder: Encoder, file_format: str, mode: str
) -> None:
    answer = client.post(PREDICT, content=encoder(2, file_format, mode))
    assert answer.json()["results"][0]["classes"][0]["label"] == "blue"


def test_a_palette_with_transparency_is_answered(client: httpx.Client, encoder: Encoder) -> None:
    answer = client.post(PREDICT, content=encoder(1, "PNG", "P", transparency=0))
    assert answer.json()["results"][0]["classes"][0]["label"] == "green"


def test_a_sixteen_bit_png_is_scaled_not_clipped(client: httpx.Client) -> None:
    colour = (0x8000, 0x4000, 0x2000)
    rows = (b"\x00" + struct.pack(">HHH", *colour) * 90) * 50
    answer = client.post(PREDICT, content=png(90, 50, 16, 2, rows))
    scores = np.exp(np.array([level >> 8 for level in colour]) / 255 * 8)
    expected = scores / scores.sum()
    got = [best["score"] for best in answer.json()["results"][0]["classes"]]
    assert got == pytest.approx(expected.tolist(), abs=0.02)


def test_an_animated_gif_is_its_first_frame(client: httpx.Client, encoder: Encoder) -> None:
    frames = [Image.new("RGB", (80, 60), colour) for colour in ("blue", "red", "red")]
    data = encoder(2, "GIF", save_all=True, append_images=frames[1:], duration=50)
    answer = client.post(PREDICT, content=data)
    assert answer.json()["results"][0]["classes"][0]["label"] == "blue"


def test_the_orientation_of_a_photo_is_ignored_as_in_training(client: httpx.Client) -> None:
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[:20, :50] = 8  # a dark corner: turning it moves the scores of `slow`, none saturated
    photo, tag = Image.fromarray(pixels), Image.Exif()
    tag[0x0112] = 6

    def scores(image: Image.Image, **options: Image.Exif) -> dict[str, float]:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=100, **options)
        answer = client.post("/v1/models/slow/predict", content=file.getvalue())
        return {c["label"]: c["score"] for c in answer.json()["results"][0]["classes"]}

    plain = scores(photo)
    assert scores(photo, exif=tag) == plain
    assert scores(photo.transpose(Image.Transpose.ROTATE_270)) != plain


def test_no_url_is_ever_fetched(client: httpx.Client, refused: Callable[..., dict]) -> None:
    body = {"image": "http://127.0.0.1:1/x.png", "url": "file:///etc/passwd"}
    refused(client.post(PREDICT, json=body), 415, "unsupported_image")
    refused(client.post(PREDICT, data=body), 415, "unsupported_image")
