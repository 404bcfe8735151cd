"""The `tensorflow` recipe: what `keras.utils.image_dataset_from_directory` feeds a model.

Proved against it from the encoded file on. It runs without TensorFlow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bundle.manifest import ImageInput, Preprocessing
from engine.arrays import Pixels
from engine.images import ImageLimits, open_image
from engine.recipes.decoding import decode
from engine.recipes.levels import find_turn, to_array
from engine.recipes.photographs import OVERSAMPLED
from engine.recipes.resizing import resize

Levels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TensorFlowRecipe:
    """An encoded picture → (height, width, channels), as TensorFlow decodes and resizes it.

    stretch: `tf.image.resize`. crop: `crop_to_aspect_ratio=True`, the largest centred part of the
    target's shape. pad: `pad_to_aspect_ratio=True`, between black bars. lanczos is lanczos3.
    Keras knows neither `exif: apply` nor a `background`; both are done where the manifest states
    them.

    With `draft`, a JPEG more than twice as large as needed is decoded at a reduced size, unless it
    is padded, or the resize does not antialias: a draft is then smoother than what training saw,
    and changed one label in five.
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
        background = self.preprocessing.background
        pixels = decode(data, self.spec.channels, self.limits, background, self._least())
        if self.preprocessing.exif == "apply":
            pixels = self._upright(pixels, data)
        match self.preprocessing.method:
            case "stretch":
                levels = self._resize(pixels, self.spec.height, self.spec.width)
            case "crop":
                levels = self._crop(pixels)
            case "pad":
                levels = self._pad(pixels)
        if self.spec.dtype == "float32":
            return levels
        np.rint(levels, out=levels)  # half to even
        return np.clip(levels, 0, 255, out=levels).astype(np.uint8)

    def _least(self) -> tuple[int, int] | None:
        """Height and width that a draft must reach, whichever way its EXIF turns it."""
        asked = self.preprocessing
        smooth = asked.interpolation == "area" or (
            asked.antialias and asked.interpolation != "nearest"
        )
        if not self.draft or not smooth or asked.method == "pad":
            return None
        height, width = OVERSAMPLED * self.spec.height, OVERSAMPLED * self.spec.width
        if asked.exif == "apply":
            height = width = max(height, width)
        return height, width

    def _upright(self, pixels: NDArray[np.uint8], data: bytes) -> NDArray[np.uint8]:
        """The pixels turned as the file's EXIF orientation asks."""
        with open_image(data, self.limits) as image:
            turn = None if image.format == "TIFF" else find_turn(image)
        if turn is None:
            return pixels
        flat = pixels[..., 0] if self.spec.channels == 1 else pixels
        return to_array(Image.fromarray(flat).transpose(turn))

    def _resize(self, pixels: NDArray[np.uint8], height: int, width: int) -> Levels:
        """Stretch to a size, by the manifest's interpolation."""
        asked = self.preprocessing
        return resize(pixels, height, width, asked.interpolation, antialias=asked.antialias)

    def _crop(self, pixels: NDArray[np.uint8]) -> Levels:
        """Stretch the largest centred part that has the target's shape.

        Keras computes its size in float32, and so may take a row less than exact division would.
        """
        height, width = pixels.shape[:2]
        rows = np.float32(width * self.spec.height) / np.float32(self.spec.width)
        columns = np.float32(height * self.spec.width) / np.float32(self.spec.height)
        rows, columns = max(min(height, int(rows)), 1), max(min(width, int(columns)), 1)
        top, left = (height - rows) // 2, (width - columns) // 2
        part = np.ascontiguousarray(pixels[top : top + rows, left : left + columns])
        return self._resize(part, self.spec.height, self.spec.width)

    def _pad(self, pixels: NDArray[np.uint8]) -> Levels:
        """Fit the whole picture into the target, centred on black.

        TensorFlow fails where a strip is so narrow that less than a pixel of it would be left;
        here one pixel stays.
        """
        height, width = np.float32(pixels.shape[0]), np.float32(pixels.shape[1])
        box_height, box_width = np.float32(self.spec.height), np.float32(self.spec.width)
        ratio = max(width / box_width, height / box_height)
        fit_height, fit_width = height / ratio, width / ratio
        top = max(int((box_height - fit_height) / 2), 0)
        left = max(int((box_width - fit_width) / 2), 0)
        fitted = self._resize(pixels, max(int(fit_height), 1), max(int(fit_width), 1))
        box = np.zeros((self.spec.height, self.spec.width, self.spec.channels), np.float32)
        box[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
        return box
