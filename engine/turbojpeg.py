"""libjpeg-turbo through simplejpeg, typed: the JPEG decoder that TensorFlow's pictures came from.

With the fast integer DCT its pixels equal those of `tf.io.decode_image` to the last bit, where
Pillow and OpenCV differ by up to 18 levels: they decode with the accurate DCT.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import simplejpeg  # pyright: ignore[reportMissingTypeStubs] (it ships none)
from numpy.typing import NDArray

ColorSpace = Literal["RGB", "GRAY", "CMYK"]


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


def decode_jpeg(data: bytes, colorspace: ColorSpace) -> NDArray[np.uint8]:
    """Decode with the fast DCT and smooth chroma upsampling: uint8 (height, width, channels).

    CMYK comes only from CMYK files, with levels as they are stored. Like TensorFlow, this reads on
    over stray bytes between markers; unlike it, over nothing that leaves pixels undrawn.

    Raises:
        ValueError: the file ends early, or is not a JPEG that can be decoded so.
    """
    try:
        return simplejpeg.decode_jpeg(data, colorspace=colorspace, fastdct=True)
    except ValueError as error:
        if "premature end" in str(error).lower():
            raise
        return simplejpeg.decode_jpeg(data, colorspace=colorspace, fastdct=True, strict=False)
