"""JPEG as Pillow decodes it, without the way through Pillow: half the time where it is large.

libjpeg-turbo writes four bytes a pixel, the way Pillow keeps RGB, into memory that Pillow then
uses as it lies. Pillow's own way copies each row, and takes fresh memory in 4 kB pages: at 12
megapixels these alone cost 40 ms.
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.images import ImageHeader
from engine.recipes.parts import Size
from engine.turbojpeg import decode_clean_jpeg, read_jpeg_header

Number = TypeVar("Number", int, float)
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

# At twice the network's size a draft is at most 7 levels off, .2 in the mean; decoded at no more
# than that size, up to 34.
OVERSAMPLED = 2

_SWAPPING = frozenset(
    (
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
    )
)
_REDUCTIONS = (1, 1 / 2, 3 / 8, 1 / 4, 1 / 8)


def decode_photograph(data: bytes, least: Size | None = None) -> NDArray[np.uint8] | None:
    """The pixels of a JPEG: uint8 (height, width, 4), RGB and a byte of padding.

    They equal Pillow's to the last bit. With `least` the picture may come at a reduced size that
    reaches it on both sides.

    Returns:
        None where only Pillow may decode it: four inks, chroma sampled in a way that TurboJPEG has
        no name for, any flaw in the data.
    """
    header = read_jpeg_header(data)
    if header is None or header.cmyk:
        return None
    try:
        return decode_clean_jpeg(data, "RGBX", least and (least[1], least[0]))
    except ValueError:
        return None


def as_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """A Pillow picture in mode RGB that shares the memory of (height, width, 4) pixels."""
    size = (pixels.shape[1], pixels.shape[0])
    padded = Image.frombuffer("RGBX", size, pixels, "raw", "RGBX", 0, 1)
    return Image.fromarrow(padded, "RGB", size)


def covered(reduced: Size, header: ImageHeader, turn: Image.Transpose | None) -> Box:
    """Where the picture lies in its reduced size, which is rounded up to whole pixels.

    Args:
        reduced: width and height as decoded, before the turn.
        header: the picture's own.
        turn: what the reduced picture was turned by since; the rounding may now be at its left
            and top.
    """
    factor = next(f for f in _REDUCTIONS if reduced == _scaled((header.width, header.height), f))
    width, height = header.width * factor, header.height * factor
    if turn is None:
        return 0, 0, width, height
    probe = Image.new("L", (2, 2))
    probe.putpixel((0, 0), 1)  # follow the corner where the picture begins
    corner = probe.transpose(turn).tobytes().index(1)
    spare_width, spare_height = reduced[0] - width, reduced[1] - height
    width, height = turned((width, height), turn)
    spare_width, spare_height = turned((spare_width, spare_height), turn)
    left, top = corner % 2 * spare_width, corner // 2 * spare_height
    return left, top, left + width, top + height


def turned(size: tuple[Number, Number], turn: Image.Transpose | None) -> tuple[Number, Number]:
    """A size after a turn; or before it, from the size after it."""
    return (size[1], size[0]) if turn in _SWAPPING else size


def _scaled(size: Size, factor: float) -> Size:
    """A size as libjpeg reduces it."""
    return math.ceil(size[0] * factor), math.ceil(size[1] * factor)
