"""The `pillow` recipe: `keras.utils.load_img`, and what torchvision and timm do with Pillow."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from bundle.manifest import ImageInput, Preprocessing
from engine.arrays import Pixels
from engine.images import ImageLimits, decode_errors, open_image, sniff
from engine.recipes.levels import find_turn, to_array, to_levels

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True, slots=True)
class PillowRecipe:
    """An encoded picture → (height, width, channels), by Pillow alone: whole levels in any dtype.

    stretch: `load_img(target_size=…)`.
    crop: `load_img(keep_aspect_ratio=True)`; with a `crop_fraction` below 1, what torchvision's
        Resize and CenterCrop do, sized as timm does: the short side to target / crop_fraction, cut
        down to whole pixels, then the centre.
    stretch with a `crop_fraction` below 1: timm's squash, both sides so, then the centre.
    pad: `PIL.ImageOps.pad`, the whole picture centred on black.

    Pillow always widens its kernels when shrinking, so `antialias` is not consulted. One thing
    differs from all of these on purpose: 16-bit pictures are scaled to 8 bits, where
    `convert("RGB")` clips them to white and `load_img(color_mode="grayscale")` leaves levels up to
    65535.
    """

    spec: ImageInput
    preprocessing: Preprocessing
    limits: ImageLimits

    def __call__(self, data: bytes) -> Pixels:
        """Decode and resize one picture; thread-safe.

        Raises:
            ImageError: the picture is not allowed, too large, or corrupt.
        """
        with open_image(data, self.limits) as image, decode_errors(sniff(data)):
            image.load()
            turn = find_turn(image) if self.preprocessing.exif == "apply" else None
            levels = to_levels(image, self.spec.channels, self.preprocessing.background)
            pixels = to_array(self._resize(levels if turn is None else levels.transpose(turn)))
        return pixels if self.spec.dtype == "uint8" else pixels.astype(np.float32)

    def _resize(self, image: Image.Image) -> Image.Image:
        """The picture at the network's size."""
        asked, box = self.preprocessing, (self.spec.width, self.spec.height)
        kernel = _FILTERS[asked.interpolation]
        if asked.method == "pad":
            return ImageOps.pad(image, box, kernel)
        if asked.crop_fraction < 1:
            scaled = (
                math.floor(box[0] / asked.crop_fraction),
                math.floor(box[1] / asked.crop_fraction),
            )
            if asked.method == "crop":
                scaled = _covering(image.size, scaled)
            return _centre(image.resize(scaled, kernel), box)
        if asked.method == "crop" and image.size != box:
            return image.resize(box, kernel, box=_largest_part(image.size, box))
        return image.resize(box, kernel)


Size = tuple[int, int]
"""Width and height in pixels, in Pillow's order."""


def _largest_part(size: Size, box: Size) -> tuple[int, int, int, int]:
    """The largest centred part of the box's shape: left, top, right, bottom; as `load_img`."""
    width = max(min(size[0], size[1] * box[0] // box[1]), 1)
    height = max(min(size[1], size[0] * box[1] // box[0]), 1)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height


def _covering(size: Size, box: Size) -> Size:
    """The picture's size once it just covers the box.

    A square box is covered as torchvision's Resize(short side) does it, the long side cut down to
    whole pixels; another one as timm's ResizeKeepRatio, both sides rounded.
    """
    width, height = size
    if box[0] == box[1]:
        short, long = sorted(size)
        stretched = int(box[0] * long / short)
        return (box[0], stretched) if width <= height else (stretched, box[0])
    ratio = min(height / box[1], width / box[0])
    return round(width / ratio), round(height / ratio)


def _centre(image: Image.Image, box: Size) -> Image.Image:
    """The middle of the picture, as torchvision's CenterCrop: halves rounded to even."""
    left = round((image.width - box[0]) / 2)
    top = round((image.height - box[1]) / 2)
    return image.crop((left, top, left + box[0], top + box[1]))
