"""libjpeg-turbo through simplejpeg, typed: the JPEG decoder behind both recipes.

With the fast integer DCT its pixels equal those of `tf.io.decode_image` to the last bit, where
Pillow and OpenCV differ by up to 18 levels: they decode with the accurate DCT. With that one, its
pixels equal theirs.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import simplejpeg  # pyright: ignore[reportMissingTypeStubs] (it ships none)
from numpy.typing import NDArray

ColorSpace = Literal["RGB", "RGBX", "GRAY", "CMYK"]


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Size in pixels; `cmyk`: four inks instead of red, green and blue."""

    width: int
    height: int
    cmyk: bool


def read_jpeg_header(data: bytes) -> JpegHeader | None:
    """The header, or None where TurboJPEG cannot read it.

    That happens with broken files, and with chroma sampled in a way that it has no name for (one
    such file decodes elsewhere).
    """
    try:
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, LookupError):  # KeyError where the file ends before its frame header
        return None
    return JpegHeader(int(width), int(height), colorspace in ("CMYK", "YCCK"))


def decode_jpeg(
    data: bytes, colorspace: ColorSpace, least: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Decode with the fast DCT and smooth chroma upsampling: uint8 (height, width, channels).

    CMYK comes only from CMYK files, with levels as they are stored. Like TensorFlow, this reads on
    over stray bytes between markers; unlike it, over nothing that leaves pixels undrawn.

    Args:
        data: the file.
        colorspace: of the result.
        least: (height, width); see `decode_clean_jpeg`.

    Raises:
        ValueError: the file ends early, or is not a JPEG that can be decoded so.
    """
    try:
        return _decode(data, colorspace, least, fastdct=True)
    except ValueError as error:
        if "premature end" in str(error).lower():
            raise
        return _decode(data, colorspace, least, fastdct=True, strict=False)


def decode_clean_jpeg(
    data: bytes, colorspace: ColorSpace, least: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Decode a file without a flaw as Pillow does, with the accurate DCT.

    Args:
        data: the file.
        colorspace: of the result; in RGBX each fourth byte is padding.
        least: (height, width). With it, the picture is decoded at a half, three eighths, a quarter
            or an eighth of its size, the smallest that reaches both; else whole.

    Raises:
        ValueError: anything at all is wrong with the file.
    """
    return _decode(data, colorspace, least, fastdct=False)


def _decode(
    data: bytes,
    colorspace: ColorSpace,
    least: tuple[int, int] | None,
    *,
    fastdct: bool,
    strict: bool = True,
) -> NDArray[np.uint8]:
    """`simplejpeg.decode_jpeg`, at a reduced size where one is asked for and large enough."""
    height, width = least or (0, 0)
    # Scales between a half and one may cost more than the whole (simplejpeg's documentation).
    factor = 2 if least else 1
    return simplejpeg.decode_jpeg(
        data,
        colorspace=colorspace,
        fastdct=fastdct,
        strict=strict,
        min_height=height,
        min_width=width,
        min_factor=factor,
    )
