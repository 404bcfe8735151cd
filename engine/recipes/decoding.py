"""`tf.io.decode_image(data, channels, expand_animations=False)` without TensorFlow."""

import re
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image
from PIL.ImageFile import ImageFile

from engine.images import ImageLimits, decode_errors, open_image, read_header, sniff
from engine.recipes.grey import grey_of
from engine.recipes.levels import Background, to_array, to_eight_bits, to_levels
from engine.turbojpeg import decode_jpeg, read_jpeg_header

_ADOBE = re.compile(rb"\xff\xee..Adobe", re.DOTALL)  # the marker segment APP14

# libpng takes these ICC profiles for sRGB, by CRC-32: HP and Microsoft's pair of 1998, in most
# PNGs that carry any, and the ICC's own.
_SRGB_PROFILES = frozenset(
    (0x182EA552, 0xF29E526D, 0x5D5129CE, 0x3B8772B9, 0x427EBB21, 0x306FD8AE, 0xBBEF7812)
)
_SRGB_GAMMA = 45_455


def decode(
    data: bytes,
    channels: int,
    limits: ImageLimits,
    background: Background = None,
    least: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Decode a picture as TensorFlow does: uint8 (height, width, channels), RGB or grey.

    JPEG: equal to the last bit. EXIF orientation is ignored; CMYK becomes RGB by TensorFlow's
        formula; grey is the file's own luma. Chroma sampled in a way that TurboJPEG has no name
        for goes through Pillow and is a few levels off.
    PNG: equal. Alpha is dropped, palettes expanded, 16 bits cut to the high byte; colour becomes
        grey by libpng's formula, in linear light where the file names its gamma (16-bit colour to
        grey may be 1 level off).
    GIF: equal. The first frame alone, on a black canvas of its own size, transparent pixels black.
        (TensorFlow makes the canvas as large as the largest frame.)
    BMP: equal. An 8-bit one yields its palette *indices* as grey levels: TensorFlow never looks at
        the palette.
    WebP: equal. With alpha or animated: alpha dropped, first frame.
    `background` goes under transparent pixels; TensorFlow has no such thing. Nor has it `least`: a
    JPEG, unless CMYK, may come at a reduced size that reaches this height and width.
    Whatever TensorFlow refuses is decoded by Pillow: TIFF; GIF, BMP, WebP and CMYK JPEG for a
    model of one channel; WebP with alpha; BMP of 1, 4 or 16 bits or compressed.

    Raises:
        ImageError: see `engine.images.read_header`; or the data are truncated or corrupt.
    """
    name = sniff(data)
    if name == "JPEG":
        read_header(data, limits)
        if jpeg := read_jpeg_header(data):
            with decode_errors(name):
                if jpeg.cmyk:
                    return _from_cmyk(data, channels)
                return decode_jpeg(data, "GRAY" if channels == 1 else "RGB", least)
    with open_image(data, limits) as image, decode_errors(name):
        if background is None or not image.has_transparency_data:
            return _by_pillow(image, channels, data)
        image.load()
        return to_array(to_levels(image, channels, background))


def _by_pillow(image: ImageFile, channels: int, data: bytes) -> NDArray[np.uint8]:
    """What TensorFlow makes of everything but JPEG."""
    name = image.format
    if name == "GIF" and channels > 1:
        return _first_frame(image)
    image.load()
    if name == "PNG" and channels == 1:
        return _png_grey(image)
    if name == "BMP" and channels > 1 and _is_plain_8_bit(data):
        return np.repeat(np.asarray(image, dtype=np.uint8)[..., np.newaxis], 3, axis=-1)
    return to_array(to_levels(image, channels))


def _from_cmyk(data: bytes, channels: int) -> NDArray[np.uint8]:
    """Inks to light. Adobe's files, and all YCCK, store the inks inverted.

    TensorFlow refuses these where it wants grey; the weights are then those for PNG.
    """
    inks = decode_jpeg(data, "CMYK")
    if not _ADOBE.search(data):
        inks = 255 - inks
    light = inks[..., :3].astype(np.uint16) * inks[..., 3:] // 255
    pixels = light.astype(np.uint8)
    return grey_of(pixels, None) if channels == 1 else pixels


def _first_frame(image: ImageFile) -> NDArray[np.uint8]:
    """A GIF's first frame: uint8 (height, width, 3).

    The canvas has the frame's size and not the screen's, but the frame keeps its offset on it:
    what juts out is lost.
    """
    left, top, right, bottom = image.tile[0].extents or (0, 0, *image.size)
    height, width = bottom - top, right - left
    indices = np.asarray(image)[top:height, left:width]
    transparent = image.info.get("transparency")
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top:, left:] = to_array(to_levels(image, 3))[top:height, left:width]
    canvas[top:, left:][indices == transparent] = 0
    return canvas


def _png_grey(image: Image) -> NDArray[np.uint8]:
    """A PNG for a model of one channel: uint8 (height, width, 1)."""
    image = to_eight_bits(image)
    if image.mode in ("1", "L", "LA"):
        return to_array(to_levels(image, 1))
    return grey_of(to_array(to_levels(image, 3)), _gamma(image))


def _gamma(image: Image) -> int | None:
    """The encoding that libpng reads from a PNG, in 100,000ths; None where it finds none."""
    profile, gamma = image.info.get("icc_profile"), image.info.get("gamma")
    is_srgb = isinstance(profile, bytes) and zlib.crc32(profile) in _SRGB_PROFILES
    if is_srgb or "srgb" in image.info:
        return _SRGB_GAMMA
    return round(gamma * 100_000) or None if isinstance(gamma, float) else None


def _is_plain_8_bit(data: bytes) -> bool:
    """Whether a BMP holds one uncompressed byte a pixel."""
    return struct.unpack_from("<HI", data, 28) == (8, 0)
