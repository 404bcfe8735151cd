"""Colour to grey as libpng does it for TensorFlow: `png_set_rgb_to_gray` with .299 and .587."""

import numpy as np
from numpy.typing import NDArray

# libpng's fixed point: parts of 2^15, cut and not rounded.
_RED, _GREEN = 29900 * 32768 // 100_000, 58700 * 32768 // 100_000
_BLUE = 32768 - _RED - _GREEN
_HALF = 16384
_LINEAR = 100_000  # gamma 1.0 in libpng's units
_SIGNIFICANT = 5_000  # a gamma closer to 1.0 than this is ignored


def grey_of(pixels: NDArray[np.uint8], gamma: int | None) -> NDArray[np.uint8]:
    """Grey levels of a colour picture: uint8 (height, width, 3) → uint8 (height, width, 1).

    gamma: what the file says of its own encoding, in 100,000ths (sRGB: 45,455), or None. With a
        gamma the weights apply to linear light.
    """
    if gamma is None or abs(gamma - _LINEAR) <= _SIGNIFICANT:
        return (_weighted(pixels.astype(np.uint32)) >> 15).astype(np.uint8)
    inverse = _reciprocal(gamma)
    encoded = _table(_reciprocal(inverse))
    light = _table(inverse)[pixels]
    grey = encoded[_weighted(light) + _HALF >> 15]
    is_grey = (pixels == pixels[..., :1]).all(axis=-1, keepdims=True)
    return np.where(is_grey, pixels[..., :1], grey).astype(np.uint8)


def _weighted(levels: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """(height, width, 3) → (height, width, 1), times 2^15."""
    red, green, blue = levels[..., 0:1], levels[..., 1:2], levels[..., 2:3]
    return red * np.uint32(_RED) + green * np.uint32(_GREEN) + blue * np.uint32(_BLUE)


def _reciprocal(gamma: float) -> float:
    """1/gamma in libpng's rounded fixed point."""
    return np.floor(1e10 / gamma + 0.5)


def _table(exponent: float) -> NDArray[np.uint32]:
    """All 256 levels raised to a power of 100,000ths."""
    levels = np.arange(256) / 255
    return np.floor(255 * levels ** (exponent / 100_000) + 0.5).astype(np.uint32)
