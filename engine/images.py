"""Which pictures may be decoded at all: decided by their first bytes and their header.

Nothing here decodes pixels. A client's file name or content type is never consulted: both are
claims, the bytes are what a decoder will meet.
"""

import logging
import re
import struct
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from engine.errors import ImageError, ImageTooLargeError, UndecodableImageError
from engine.errors import UnsupportedImageError as Unsupported
from engine.turbojpeg import read_jpeg_header

ImageFormat = Literal["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]
ALLOWED = "JPEG, PNG, WebP, GIF, BMP or TIFF"

_MAGIC: dict[ImageFormat, re.Pattern[bytes]] = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "GIF": re.compile(rb"GIF8[79]a"),
    "BMP": re.compile(rb"BM"),
    "TIFF": re.compile(rb"II[*+]\x00|MM\x00[*+]"),
}

_PNG_EXTRAS = frozenset((b"tRNS", b"gAMA", b"sRGB", b"iCCP", b"eXIf"))

# Named, so that Pillow need not import its plugins lazily, in whichever thread comes first.
_PLUGINS = (
    *(BmpImagePlugin, GifImagePlugin, JpegImagePlugin),
    *(PngImagePlugin, TiffImagePlugin, WebPImagePlugin),
)

# Each scan of a JPEG walks over the whole picture, and a scan of nothing costs a few bytes: 20 kB
# can ask for minutes of work. Encoders write ten scans or fewer; this is twenty at 50 megapixels.
MAX_SCANNED_PIXELS = 1_000_000_000

warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# The rest of Pillow's warnings concern metadata (EXIF, TIFF tags, animations) that nobody reads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# What a client's file makes Pillow complain of is in the answer; at DEBUG it would log its EXIF.
logging.getLogger("PIL").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """How large a picture may claim to be.

    `max_pixels` bounds memory: 50 megapixels decode into 150 MB. Above 89 megapixels Pillow's own
    limit holds for everything but JPEG. `max_aspect`, long side to short side, bounds what scaling
    the short side to the network's input makes of the long one: at 100, 256 pixels become 25,600.
    Panoramas and receipts stay below 20.
    """

    max_pixels: int = 50_000_000
    max_aspect: float = 100.0


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a picture says of itself; sizes in pixels, before any EXIF orientation."""

    format: ImageFormat
    width: int
    height: int


def sniff(data: bytes) -> ImageFormat:
    """The format that the first bytes announce.

    Raises:
        UndecodableImageError: there are no bytes.
        UnsupportedImageError: none of the allowed formats begins like this.
    """
    if not data:
        raise UndecodableImageError(f"the picture is empty (0 bytes); send a {ALLOWED} file")
    for name, magic in _MAGIC.items():
        if magic.match(data):
            return name
    raise Unsupported(f"these bytes are not a picture in an allowed format; send {ALLOWED}")


def read_header(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> ImageHeader:
    """Format and size of an encoded picture, checked against the limits; nothing is decoded.

    Raises:
        UnsupportedImageError: not one of the allowed formats.
        ImageTooLargeError: the header promises more pixels, or a longer strip, than allowed.
        UndecodableImageError: empty, or the header cannot be read.
    """
    if sniff(data) == "JPEG" and (jpeg := read_jpeg_header(data)):
        header = ImageHeader("JPEG", jpeg.width, jpeg.height)
        _check_size(header, limits)
        _check_scans(header, data)
        return header
    with open_image(data, limits) as image:
        return ImageHeader(sniff(data), image.width, image.height)


def open_image(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> ImageFile:
    """The picture opened by Pillow, its header checked, its pixels not decoded yet.

    Decode it inside `decode_errors`.

    Raises:
        ImageError: see `read_header`.
    """
    name = sniff(data)
    with decode_errors(name):
        if name == "WEBP":  # Pillow allocates the canvas when it opens one
            _check_size(_webp_header(data), limits)
        if name == "PNG":
            _check_size(ImageHeader(name, *struct.unpack_from(">II", data, 16)), limits)
            data = _essential_png(data)
        image = Image.open(BytesIO(data), formats=(name,))
        header = ImageHeader(name, image.width, image.height)
        _check_size(header, limits)
        if name == "JPEG":
            _check_scans(header, data)
        return image


@contextmanager
def decode_errors(name: ImageFormat) -> Generator[None]:
    """Make whatever a decoder raises an ImageError whose message shows nothing of our inside."""
    try:
        yield
    except ImageError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageTooLargeError(
            "the picture has more pixels than can be decoded safely; send a smaller one"
        ) from error
    except Exception as error:  # corrupt data makes Pillow raise whatever it meets
        raise UndecodableImageError(
            f"the {_spelled(name)} picture cannot be decoded: it is truncated or corrupt; "
            "save it again and send that"
        ) from error


def _check_size(header: ImageHeader, limits: ImageLimits) -> None:
    """Refuse what would take too much memory or work.

    Raises:
        UndecodableImageError: a side of 0 pixels.
        ImageTooLargeError: see `ImageLimits`.
    """
    width, height = header.width, header.height
    short, long = sorted((width, height))
    size = f"the {_spelled(header.format)} picture is {width} x {height} pixels"
    if short < 1:
        raise UndecodableImageError(f"{size}; it must have at least one")
    if width * height > limits.max_pixels:
        raise ImageTooLargeError(f"{size}; at most {limits.max_pixels:,} are allowed: scale it")
    if long > limits.max_aspect * short:
        raise ImageTooLargeError(
            f"{size}; its long side may be at most {limits.max_aspect:g} times the short one: "
            "crop it"
        )


def _check_scans(header: ImageHeader, data: bytes) -> None:
    """Refuse a JPEG that asks for far more passes over its pixels than any encoder writes.

    Raises:
        UndecodableImageError: see `MAX_SCANNED_PIXELS`.
    """
    marker, start_of_scan = b"\xff\xda"
    stream = np.frombuffer(data, np.uint8)  # bytes.count takes five times as long
    scans = np.count_nonzero((stream[:-1] == marker) & (stream[1:] == start_of_scan))
    if scans * header.width * header.height > MAX_SCANNED_PIXELS:
        raise UndecodableImageError(
            "the JPEG picture is drawn in too many passes for its size; save it as baseline JPEG"
        )


def _essential_png(data: bytes) -> bytes:
    """A PNG reduced to its picture: the critical chunks, transparency, colour space and EXIF.

    Text (a compressed one may swell), animation and whatever else is dropped unread. Checksums are
    compared as libpng does it: without them a flipped bit would be answered with a prediction.

    Raises:
        ValueError: a critical chunk is damaged.
        struct.error: the file ends before its last chunk.
    """
    view, position, kind = memoryview(data), 8, b""
    kept = [view[:8]]
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        is_critical = kind[0:1].isupper()
        if is_critical or kind in _PNG_EXTRAS:
            (expected,) = struct.unpack_from(">I", data, end - 4)
            if zlib.crc32(view[position + 4 : end - 4]) == expected:
                kept.append(view[position:end])
            elif is_critical:
                raise ValueError(kind)
        position = end
    return b"".join(kept)


def _webp_header(data: bytes) -> ImageHeader:
    """Size of a WebP from its first chunk, lossy, lossless or extended (RFC 9649, section 2).

    Raises:
        ValueError: there is no such chunk.
        struct.error: the file is shorter than one.
    """
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return ImageHeader("WEBP", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return ImageHeader("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", data, 24)
        return ImageHeader(
            "WEBP", (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
        )
    raise ValueError(kind)


def _spelled(name: ImageFormat) -> str:
    """The format as people write it."""
    return "WebP" if name == "WEBP" else name
