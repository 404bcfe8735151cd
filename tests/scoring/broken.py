"""Files that are called pictures and are none, or none that may be scored: what each is told."""

import functools
import io
import pickle
import struct
import zlib
from collections.abc import Mapping

import numpy as np
from PIL import Image

SIZE = (110, 70)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


def encoded(file_format: str, mode: str = "RGB", size: tuple[int, int] = SIZE) -> bytes:
    """A picture of seeded noise."""
    width, height = size
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, file_format)
    return buffer.getvalue()


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG file written by hand: rows, each with its filter byte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def flipped(data: bytes, place: float) -> bytes:
    """With every bit of the byte at that share of the file turned over."""
    index = int(len(data) * place)
    return data[:index] + bytes([data[index] ^ 0xFF]) + data[index + 1 :]


def many_scans() -> bytes:
    """A JPEG of 16 megapixels that begins to draw them a hundred times over."""
    buffer = io.BytesIO()
    Image.new("RGB", (5_000, 3_200), "red").save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    begin = data.index(b"\xff\xda")
    return data[:begin] + data[begin : begin + 14] * 100 + data[begin:]


@functools.cache
def broken_pictures() -> Mapping[str, tuple[bytes, str]]:
    """What is wrong → the file and the code that its row has."""
    strangers = {
        "text": b"not a picture",
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n",
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/"/></svg>',
        "zeros": bytes(1000),
        "ZIP": b"PK\x03\x04" + bytes(60),
        "PDF": b"%PDF-1.7\n",
        "JSON": b"{}",
        "pickle": pickle.dumps({"a": 1}),
        "NumPy": b"\x93NUMPY\x01\x00" + bytes(60),
        "ICO": b"\x00\x00\x01\x00\x01\x00\x10\x10" + bytes(60),
        "PPM": b"P6\n2 2\n255\n" + bytes(12),
        "PSD": b"8BPS\x00\x01" + bytes(60),
        "JPEG 2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(60),
        "AVIF": b"\x00\x00\x00\x20ftypavif" + bytes(60),
    }
    truncated = {f"truncated {name}": encoded(name)[: len(encoded(name)) // 3] for name in FORMATS}
    corrupt = {
        "empty": b"",
        "JPEG's first bytes alone": b"\xff\xd8\xff",
        "PNG with a flipped bit": flipped(encoded("PNG"), 0.5),
        "JPEG in a hundred passes": many_scans(),
        "PNG of no pixels": png(0, 5, 8, 2, b""),
    }
    too_large = {
        "PNG of 144 megapixels in 18 kB": png(12_000, 12_000, 1, 0, bytes(1_501) * 12_000),
        "strip of 101 by 1": encoded("PNG", size=(101, 1)),
    }
    codes = {
        "unsupported_image": strangers,
        "undecodable_image": truncated | corrupt,
        "image_too_large": too_large,
    }
    return {kind: (data, code) for code, files in codes.items() for kind, data in files.items()}


@functools.cache
def odd_pictures() -> Mapping[str, bytes]:
    """Files that look wrong and are scored."""
    sixteen_bits = (b"\x00" + struct.pack(">HHH", 0x8000, 0x4000, 0x2000) * 90) * 50
    return {
        "CMYK": encoded("JPEG", "CMYK"),
        "grey": encoded("JPEG", "L"),
        "palette": encoded("GIF", "P"),
        "alpha": encoded("PNG", "RGBA"),
        "black and white TIFF": encoded("TIFF", "1"),
        "sixteen bits": png(90, 50, 16, 2, sixteen_bits),
        "strip of 100 by 1": encoded("PNG", size=(100, 1)),
        "WebP": encoded("WEBP"),
    }
