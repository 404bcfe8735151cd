"""Picture files of every format and kind that is let in, small and not square; and broken ones."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from PIL import Image

from tests.fuzz.damage import Damage, damaged, damages

HEIGHT, WIDTH = 9, 14
SIGNATURE = b"\x89PNG\r\n\x1a\n"
STRANGERS = [
    *(b"", b"\x00", b"\xff", b"{}", b"%PDF-1.7\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"P6\n2 2\n255\n"),
    b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    *(b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\x00\x00\x00\x20ftypavif", b"\x00\x00\x01\x00\x01\x00"),
    *(
        b"\x80\x04\x95",
        b"PK\x03\x04",
        b"\x1f\x8b\x08\x00",
        b"\x93NUMPY",
        b"\xff\xd8\xff",
        SIGNATURE,
    ),
    *(b"GIF89a", b"BM", b"II*\x00", b"MM\x00*", b"RIFF\xff\xff\xff\xffWEBPVP8X"),
]


def _picture(mode: str = "RGB", seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def _file(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    _picture(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def _turned() -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = 6
    return tags


def _frames() -> dict[str, Any]:
    more = [_picture("P", seed) for seed in (1, 2)]
    return {"save_all": True, "append_images": more, "duration": 40}


def _sixteen_bits(kind: str) -> bytes:
    levels = np.random.default_rng(4).integers(0, 65_536, (HEIGHT, WIDTH), dtype=np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, kind)
    return buffer.getvalue()


PNGS = [
    *(_file("PNG", mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "1")),
    *(_file("PNG", "P", transparency=3), _file("PNG", exif=_turned()), _sixteen_bits("PNG")),
    _file("PNG", **_frames()),
]
OTHERS = [
    *(_file("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
    *(_file("JPEG", progressive=True), _file("JPEG", subsampling=0, exif=_turned())),
    _file("JPEG", icc_profile=b"no profile", restart_marker_blocks=1),
    *(_file("GIF", "P"), _file("GIF", "P", transparency=1), _file("GIF", "P", **_frames())),
    *(
        _file("WEBP"),
        _file("WEBP", lossless=True),
        _file("WEBP", "RGBA"),
        _file("WEBP", **_frames()),
    ),
    *(_file("BMP", mode) for mode in ("RGB", "L", "P", "1", "RGBA")),
    *(_file("TIFF", mode) for mode in ("RGB", "L", "CMYK", "1")),
    *(_file("TIFF", compression=name) for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg")),
    *(_file("TIFF", "1", compression="group4"), _sixteen_bits("TIFF"), _file("TIFF", **_frames())),
]
GOOD = [*PNGS, *OTHERS]
REFUSED = [_file("TIFF", mode) for mode in ("F", "LAB")]
"""Pictures, and of 32 bits a level, or of colours that no network takes."""


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """With its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _repaired(data: bytes, done: list[Damage]) -> bytes:
    """A PNG that was damaged inside its chunks, whose checksums hold all the same."""
    chunks, position = [SIGNATURE], len(SIGNATURE)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        for damage in done[len(chunks) - 1 :: 4]:
            body = damage.apply(body)
        chunks.append(png_chunk(kind, body))
        position += 12 + length
    return b"".join(chunks)


def _odd_png(
    size: tuple[int, int], kind: tuple[int, int, int, int, int], rows: bytes, extra: bytes
) -> bytes:
    """A PNG of any header over any rows."""
    header = struct.pack(">II5B", *size, *kind)
    palette = png_chunk(b"PLTE", rows[: len(rows) // 3 * 3][:768])
    pixels = png_chunk(b"IDAT", zlib.compress(rows))
    chunks = [png_chunk(b"IHDR", header), palette, png_chunk(b"tRNS", extra), pixels]
    return SIGNATURE + b"".join(chunks) + png_chunk(b"IEND", b"")


SIDES = st.integers(0, 40) | st.sampled_from([0, 1, 999, 1_000_000, 2**31 - 1, 2**32 - 1])
DEPTHS = st.sampled_from([1, 2, 4, 8, 16, 0, 255])
COLOURS = st.sampled_from([0, 2, 3, 4, 6, 1, 7])
ODD_PNGS = st.builds(
    _odd_png,
    st.tuples(SIDES, SIDES),
    st.tuples(DEPTHS, COLOURS, st.integers(0, 1), st.integers(0, 1), st.integers(0, 2)),
    st.binary(max_size=40) | st.integers(0, 4000).map(bytes),
    st.binary(max_size=8),
)

PICTURES: SearchStrategy[bytes] = st.one_of(
    damaged(GOOD),
    damaged(OTHERS, 2),
    st.builds(_repaired, st.sampled_from(PNGS), damages(8)),
    ODD_PNGS,
    damaged([*STRANGERS, *REFUSED], 3),
    st.builds(bytes.__add__, st.sampled_from(STRANGERS), st.binary(max_size=60)),
)
"""Good, damaged and strange files."""
