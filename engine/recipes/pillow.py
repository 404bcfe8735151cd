"""The `pillow` recipe: `keras.utils.load_img`, and what torchvision and timm do with Pillow."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bundle.manifest import ImageInput, Preprocessing
from engine.arrays import Pixels
from engine.images import ImageLimits, decode_errors, open_image, read_header, sniff
from engine.recipes.levels import find_turn, to_array, to_levels
from engine.recipes.parts import Axis, Part, Size
from engine.recipes.photographs import (
    OVERSAMPLED,
    Box,
    as_image,
    covered,
    decode_photograph,
    turned,
)

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True, slots=True)
class PillowRecipe:
    """An encoded picture → (height, width, channels), by Pillow: whole levels in any dtype.

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

    With `draft`, a JPEG more than twice as large as needed is decoded at a reduced size, unless it
    is padded or taken to the nearest pixel: near the exact pixels, not equal to them.
    """

    spec: ImageInput
    preprocessing: Preprocessing
    limits: ImageLimits
    draft: bool = False

    def __call__(self, data: bytes) -> Pixels:
        """Decode and resize one picture; thread-safe.

        Raises:
            ImageError: the picture is not allowed, too large, or corrupt.
        """
        name = sniff(data)
        with decode_errors(name):
            image = self._photograph(data) if name == "JPEG" else None
            pixels = to_array(image or self._picture(data))
        return pixels if self.spec.dtype == "uint8" else pixels.astype(np.float32)

    def _picture(self, data: bytes) -> Image.Image:
        """Any picture at the network's size, decoded by Pillow."""
        with open_image(data, self.limits) as image:
            image.load()
            turn = find_turn(image) if self.preprocessing.exif == "apply" else None
            levels = to_levels(image, self.spec.channels, self.preprocessing.background)
            return self._resize(levels if turn is None else levels.transpose(turn))

    def _photograph(self, data: bytes) -> Image.Image | None:
        """A JPEG at the network's size; None where Pillow must decode it."""
        header = read_header(data, self.limits)
        turn = self._turn(data)
        whole = (header.width, header.height)
        pixels = decode_photograph(data, self._least(turned(whole, turn), turn))
        if pixels is None:
            return None
        if pixels.shape[:2] != (header.height, header.width):
            box = covered((pixels.shape[1], pixels.shape[0]), header, turn)
            return self._resize_draft(self._levels(pixels, turn), turned(whole, turn), box)
        part = self._part(whole) if turn is None else None
        if part is None:
            return self._resize(self._levels(pixels, turn))
        strip = self._levels(pixels[slice(*part.rows)], None)
        return part.resize(strip, _FILTERS[self.preprocessing.interpolation])

    def _turn(self, data: bytes) -> Image.Transpose | None:
        """What sets a JPEG upright, where the manifest asks for it."""
        if self.preprocessing.exif == "ignore":
            return None
        with open_image(data, self.limits) as image:
            return find_turn(image)

    def _levels(self, pixels: NDArray[np.uint8], turn: Image.Transpose | None) -> Image.Image:
        """Decoded pixels as an upright picture of the network's channels."""
        levels = to_levels(as_image(pixels), self.spec.channels)
        return levels if turn is None else levels.transpose(turn)

    def _resize(self, image: Image.Image) -> Image.Image:
        """The picture at the network's size."""
        asked, box = self.preprocessing, (self.spec.width, self.spec.height)
        kernel = _FILTERS[asked.interpolation]
        if asked.method == "pad":
            return ImageOps.pad(image, box, kernel)
        if asked.crop_fraction < 1:
            if part := self._part(image.size):
                top, bottom = part.rows
                return part.resize(image.crop((0, top, image.width, bottom)), kernel)
            return _centre(image.resize(self._scaled(image.size), kernel), box)
        if asked.method == "crop" and image.size != box:
            return image.resize(box, kernel, box=_largest_part(image.size, box))
        return image.resize(box, kernel)

    def _scaled(self, size: Size) -> Size:
        """The size to which the whole is resized before its centre is cut out."""
        fraction = self.preprocessing.crop_fraction
        box = math.floor(self.spec.width / fraction), math.floor(self.spec.height / fraction)
        return _covering(size, box) if self.preprocessing.method == "crop" else box

    def _part(self, size: Size) -> Part | None:
        """What is seen of a picture of a size; None where the whole has to be resized."""
        asked = self.preprocessing
        if asked.method != "crop" or asked.crop_fraction == 1 or asked.interpolation == "nearest":
            return None
        scaled = self._scaled(size)
        left, top = _corner(scaled, (self.spec.width, self.spec.height))
        part = Part(
            Axis(size[0], scaled[0], left, self.spec.width),
            Axis(size[1], scaled[1], top, self.spec.height),
        )
        return part if part.exact else None

    def _least(self, size: Size, turn: Image.Transpose | None) -> Size | None:
        """The smallest size, before the turn, at which an upright picture may be decoded."""
        asked = self.preprocessing
        if not self.draft or asked.method == "pad" or asked.interpolation == "nearest":
            return None
        left, top, right, bottom = self._seen(size)
        width = math.ceil(OVERSAMPLED * size[0] * self.spec.width / (right - left))
        height = math.ceil(OVERSAMPLED * size[1] * self.spec.height / (bottom - top))
        return turned((width, height), turn)

    def _seen(self, size: Size) -> Box:
        """The part of a picture that the network sees: left, top, right, bottom."""
        box = (self.spec.width, self.spec.height)
        if self.preprocessing.crop_fraction == 1:
            stretched = self.preprocessing.method == "stretch"
            return (0, 0, *size) if stretched else _largest_part(size, box)
        scaled = self._scaled(size)
        left, top = _corner(scaled, box)
        across, down = size[0] / scaled[0], size[1] / scaled[1]
        return left * across, top * down, (left + box[0]) * across, (top + box[1]) * down

    def _resize_draft(self, image: Image.Image, size: Size, box: Box) -> Image.Image:
        """A reduced picture at the network's size.

        Args:
            image: upright.
            size: of the upright picture, not reduced.
            box: where that lies in the reduced one.
        """
        seen = self._seen(size)
        across, down = (box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]
        part = (
            box[0] + seen[0] * across,
            box[1] + seen[1] * down,
            min(box[0] + seen[2] * across, image.width),
            min(box[1] + seen[3] * down, image.height),
        )
        kernel = _FILTERS[self.preprocessing.interpolation]
        return image.resize((self.spec.width, self.spec.height), kernel, box=part)


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
    """The middle of the picture."""
    left, top = _corner(image.size, box)
    return image.crop((left, top, left + box[0], top + box[1]))


def _corner(size: Size, box: Size) -> Size:
    """Where the middle begins: left and top, as torchvision's CenterCrop, halves to even."""
    return round((size[0] - box[0]) / 2), round((size[1] - box[1]) / 2)
