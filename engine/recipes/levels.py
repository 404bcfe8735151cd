"""Pillow's modes → RGB or grey levels of eight bits, one rule for both recipes."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import UnsupportedImageError

Background = tuple[int, int, int] | None

_ORIENTATION = 0x0112  # EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def to_levels(image: Image.Image, channels: int, background: Background = None) -> Image.Image:
    """The decoded picture in mode RGB (3 channels) or L (1 channel).

    Palettes are expanded, CMYK is converted as Pillow does it. Transparent pixels are laid over
    `background`; without one their colour shows as if they were opaque.

    Raises:
        UnsupportedImageError: the picture has 32 bits a level.
    """
    image = to_eight_bits(image)
    if background is not None and image.has_transparency_data:
        canvas = Image.new("RGBA", image.size, (*background, 255))
        image = Image.alpha_composite(canvas, image.convert("RGBA"))
    # Pillow would spend time (and warn) on what this colour becomes in the new mode.
    image.info.pop("transparency", None)
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def to_eight_bits(image: Image.Image) -> Image.Image:
    """The picture with its 16-bit levels scaled to 8, by their high byte as libpng does it.

    Pillow's own conversion clips instead: a 16-bit photograph turns white (mean 254.5 of 255).

    Raises:
        UnsupportedImageError: 32 bits a level, whole or floating, say nothing of what is white.
    """
    if image.mode in ("I", "F"):
        raise UnsupportedImageError(
            f"the {image.format} picture has 32 bits a level; save it with 8 or 16"
        )
    if not image.mode.startswith("I;16"):
        return image
    high: NDArray[np.uint8] = (np.asarray(image) >> 8).astype(np.uint8)
    return Image.fromarray(high)


def find_turn(image: Image.Image) -> Image.Transpose | None:
    """What sets a loaded picture upright by its EXIF orientation; None where nothing need be done.

    A damaged EXIF block counts as none. (Pillow turns TIFF by itself and drops the tag.)
    """
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 (a broken EXIF block makes Pillow raise whatever it meets)
        return None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def to_array(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 (height, width, channels) of a picture in mode RGB or L."""
    pixels: NDArray[np.uint8] = np.asarray(image, dtype=np.uint8)
    return np.atleast_3d(pixels)
