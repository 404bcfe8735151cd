import re
import struct
import tracemalloc
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle.manifest import ImageInput, Preprocessing
from engine.errors import (
    ImageError,
    ImageTooLargeError,
    UndecodableImageError,
    UnsupportedImageError,
)
from engine.images import ImageHeader, ImageLimits, decode_errors, open_image, read_header
from engine.recipes import Recipe, build_recipe

# As in production, where engine.images asks for it: metadata that Pillow warns of is not read.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
NOT_PICTURES = {
    "text": b"just some words, and not a picture at all",
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
    "XML": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "PDF": b"%PDF-1.7\n1 0 obj\n",
    "ZIP": b"PK\x03\x04" + bytes(60),
    "HTML": b"<!DOCTYPE html><img src=x>",
    "ICO": b"\0\0\1\0\1\0\x10\x10" + bytes(60),
    "PSD": b"8BPS\0\1" + bytes(60),
    "PPM": b"P6\n2 2\n255\n" + bytes(12),
    "AVIF": b"\0\0\0\x20ftypavif" + bytes(60),
    "HEIC": b"\0\0\0\x20ftypheic" + bytes(60),
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60),
    "WAV": b"RIFF\x24\0\0\0WAVEfmt " + bytes(60),
    "npy": b"\x93NUMPY\1\0" + bytes(60),
    "pickle": b"\x80\x04\x95" + bytes(60),
    "zeros": bytes(1000),
    "one byte": b"\xff",
    "a picture one byte late": b" \x89PNG\r\n\x1a\n",
}


def colours(width: int = 37, height: int = 23) -> Image.Image:
    noise = np.random.default_rng((width, height))
    return Image.fromarray(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))


def encode(name: str, image: Image.Image | None = None, **settings: Any) -> bytes:
    stream = BytesIO()
    (image or colours()).save(stream, name, **settings)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(*chunks: bytes) -> bytes:
    """A PNG with further chunks behind its header."""
    data = encode("PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def recipes(limits: ImageLimits | None = None) -> list[Recipe]:
    spec = ImageInput(height=5, width=8, channels=3)
    return [
        build_recipe(
            spec,
            Preprocessing(recipe=name, method="stretch", in_graph="nothing"),
            limits or ImageLimits(),
        )
        for name in ("tensorflow", "pillow")
    ]


def refuse(data: bytes, error: type[ImageError], match: str | None = None) -> None:
    """Both recipes refuse the bytes with that error."""
    for recipe in recipes():
        with pytest.raises(error, match=match):
            recipe(data)


@pytest.mark.parametrize("name", FORMATS)
def test_an_allowed_format_is_known_by_its_first_bytes(name: str) -> None:
    assert read_header(encode(name)) == ImageHeader(name, 37, 23)  # pyright: ignore[reportArgumentType] (one of six)


@pytest.mark.parametrize("data", NOT_PICTURES.values(), ids=NOT_PICTURES)
def test_anything_else_is_unsupported_and_told_what_is_allowed(data: bytes) -> None:
    with pytest.raises(UnsupportedImageError, match="JPEG, PNG, WebP, GIF, BMP or TIFF"):
        read_header(data)
    refuse(data, UnsupportedImageError)


def test_no_bytes_are_no_picture() -> None:
    with pytest.raises(UndecodableImageError, match="empty"):
        read_header(b"")
    refuse(b"", UndecodableImageError, "empty")


def test_opening_decodes_nothing() -> None:
    with open_image(encode("PNG")) as image:
        assert image.tile


def huge_png() -> bytes:
    """144 megapixels of nothing in 18 kB."""
    rows = zlib.compressobj(9)
    body = b"".join(rows.compress(bytes(1501)) for _ in range(12_000)) + rows.flush()
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 1, 0, 0, 0, 0)
    end = chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + end


def huge_jpeg() -> bytes:
    data = bytearray(encode("JPEG"))
    frame = data.find(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
    return bytes(data)


def resized(name: str, place: int, layout: str, **settings: Any) -> bytes:
    """A picture whose header claims 16,000 x 16,000 pixels."""
    data = bytearray(encode(name, **settings))
    struct.pack_into(layout, data, place, 16_000, 16_000)
    return bytes(data)


def huge_webp_canvas() -> bytes:
    data = bytearray(encode("WEBP", save_all=True, append_images=[colours().rotate(180)]))
    assert data[12:16] == b"VP8X"
    data[24:30] = b"\xff\x3f\0" * 2
    return bytes(data)


def huge_webp_lossless() -> bytes:
    data = bytearray(encode("WEBP", lossless=True))
    struct.pack_into("<I", data, 21, 15_999 | 15_999 << 14)
    return bytes(data)


HUGE = {
    "PNG": huge_png,
    "JPEG": huge_jpeg,
    "GIF": lambda: resized("GIF", 6, "<HH"),
    "BMP": lambda: resized("BMP", 18, "<ii"),
    "WebP lossy": lambda: resized("WEBP", 26, "<HH"),
    "WebP lossless": huge_webp_lossless,
    "WebP canvas": huge_webp_canvas,
    "TIFF": lambda: encode("TIFF").replace(
        struct.pack("<HHII", 256, 4, 1, 37), struct.pack("<HHII", 256, 4, 1, 5_000_000)
    ),
}


@pytest.mark.parametrize("make", HUGE.values(), ids=HUGE)
def test_a_picture_of_too_many_pixels_is_refused_before_it_takes_memory(make: Any) -> None:
    data = make()
    assert len(data) < 20_000
    tracemalloc.start()
    refuse(data, ImageTooLargeError)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_the_refusal_says_how_large_it_is_and_how_large_it_may_be() -> None:
    with pytest.raises(ImageTooLargeError, match=r"JPEG picture is 60000 x 60000.*50,000,000"):
        read_header(huge_jpeg())
    with pytest.raises(ImageTooLargeError, match=r"PNG picture is 12000 x 12000.*50,000,000"):
        read_header(huge_png())


def test_the_pixel_limit_is_inclusive() -> None:
    data = encode("PNG")
    read_header(data, ImageLimits(max_pixels=37 * 23))
    with pytest.raises(ImageTooLargeError):
        read_header(data, ImageLimits(max_pixels=37 * 23 - 1))


@pytest.mark.parametrize("size", [(1, 101), (505, 5)])
def test_a_strip_longer_than_a_hundred_times_its_width_is_refused(size: tuple[int, int]) -> None:
    for name in FORMATS:
        data = encode(name, colours(*size))
        with pytest.raises(ImageTooLargeError, match="100 times"):
            read_header(data)
        read_header(data, ImageLimits(max_aspect=101))


def test_a_side_of_no_pixels_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 0, 23, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + encode("PNG")[33:]
    bmp = bytearray(encode("BMP"))
    bmp[18:22] = bytes(4)
    gif = bytearray(encode("GIF", colours().quantize(2)))
    frame = gif.rfind(b"\x2c" + bytes(4) + struct.pack("<HH", 37, 23))
    gif[frame + 5 : frame + 7] = bytes(2)
    for data in (png, bytes(bmp), bytes(gif)):
        refuse(data, UndecodableImageError)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_a_truncated_picture_is_refused(name: str, share: float) -> None:
    data = encode(name, colours(160, 90))
    refuse(data[: int(len(data) * share) + 9], UndecodableImageError, "truncated or corrupt")


def test_a_flipped_bit_in_a_png_is_seen_by_its_checksum() -> None:
    data = bytearray(encode("PNG", colours(160, 90), compress_level=0))
    data[len(data) // 2] ^= 1
    refuse(bytes(data), UndecodableImageError)


def test_a_png_without_its_end_is_refused() -> None:
    refuse(encode("PNG")[:-12], UndecodableImageError)


def test_a_damaged_comment_does_not_cost_the_picture() -> None:
    comment = bytearray(chunk(b"tEXt", b"Comment\0hello"))
    comment[-1] ^= 1
    for recipe in recipes():
        assert np.array_equal(recipe(with_chunks(bytes(comment))), recipe(encode("PNG")))


def test_compressed_text_that_swells_is_never_read() -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000)))
    plain = encode("PNG")
    tracemalloc.start()
    for recipe in recipes():
        assert np.array_equal(recipe(with_chunks(text)), recipe(plain))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_a_colour_profile_that_swells_is_refused() -> None:
    profile = chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(50_000_000)))
    tracemalloc.start()
    refuse(with_chunks(profile), UndecodableImageError)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 5_000_000


@pytest.mark.parametrize(
    "profile",
    [b"not a profile", b"", bytes(200_000), b"\xff" * 128],
    ids=["words", "nothing", "zeros", "ones"],
)
def test_a_broken_colour_profile_does_not_cost_the_picture(profile: bytes) -> None:
    for name in ("JPEG", "PNG", "WEBP", "TIFF"):
        plain, broken = encode(name), encode(name, icc_profile=profile)
        for recipe in recipes():
            assert np.array_equal(recipe(broken), recipe(plain))


def test_a_huge_exif_block_does_not_cost_the_picture() -> None:
    exif = Image.Exif()
    exif[0x010E] = "x" * 65_000
    assert read_header(encode("JPEG", exif=exif)).width == 37
    for recipe in recipes():
        assert np.array_equal(recipe(encode("PNG", exif=exif)), recipe(encode("PNG")))


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_many_is_taken(name: str) -> None:
    frames = [colours(), colours().rotate(180)]
    lossless = {"lossless": True} if name == "WEBP" else {}
    many = encode(name, frames[0], save_all=True, append_images=frames[1:], **lossless)
    for recipe in recipes():
        assert np.array_equal(recipe(many), recipe(encode(name, frames[0], **lossless)))


def test_what_a_decoder_raises_becomes_one_sentence_without_our_inside() -> None:
    failures = (
        OSError("broken data stream when reading image file <_io.BytesIO object at 0x7f00>"),
        struct.error("unpack requires a buffer of 4 bytes"),
        IndexError("index out of range"),
        MemoryError(),
        AssertionError(),
        Image.DecompressionBombError("Image size (144000000 pixels) exceeds limit"),
    )
    for failure in failures:
        with pytest.raises(ImageError) as caught, decode_errors("WEBP"):
            raise failure
        message = str(caught.value)
        assert not re.search(r"0x|object|Error|unpack|\n", message)
        assert caught.value.__cause__ is failure
    with pytest.raises(UnsupportedImageError), decode_errors("PNG"):
        raise UnsupportedImageError("ours go through")
