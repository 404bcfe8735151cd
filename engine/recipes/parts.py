"""A part of a resized picture, computed without the rest and equal to it in every bit.

Pillow resizes first along the rows, then along the columns, with whole levels between. It can
resize a box alone, but takes the box's corners as float32: a corner that float32 cannot hold moves
the kernel, and levels by one. So an axis is cut at a box only where all its positions are exact.
Along any other axis the whole is resized, and cut afterwards.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from PIL import Image

Size = tuple[int, int]
"""Width and height in pixels, in Pillow's order."""

_FLOAT32_MANTISSA = 2**24
_WIDEST_KERNEL = 3  # lanczos, in pixels of the smaller picture
_TALLEST = 1.8


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a resize of which a part is wanted.

    Args:
        source: pixels of the picture.
        scaled: pixels of the whole, resized.
        first: pixel of the part, counted in the resized whole.
        size: pixels of the part.
    """

    source: int
    scaled: int
    first: int
    size: int

    @property
    def exact(self) -> bool:
        """Whether Pillow's kernels stand at the same places in a box as in the whole.

        They do where source / scaled is a binary fraction: 375 / 256, but not 500 / 341. Every
        centre and corner is then a number that float32 holds, and no sum or product is rounded.
        """
        step = Fraction(self.source, self.scaled)
        binary = step.denominator & (step.denominator - 1) == 0
        return binary and self.source * step.denominator < _FLOAT32_MANTISSA

    @property
    def box(self) -> tuple[float, float]:
        """The part's ends in the picture."""
        step = self.source / self.scaled
        return self.first * step, (self.first + self.size) * step

    @property
    def needed(self) -> tuple[int, int]:
        """The picture's pixels that the part is made of, and a few more."""
        start, end = self.box
        reach = _WIDEST_KERNEL * max(self.source / self.scaled, 1) + 2
        return max(math.floor(start - reach), 0), min(math.ceil(end + reach), self.source)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a picture, resized in its own proportions, that a network sees."""

    across: Axis
    down: Axis

    @property
    def size(self) -> Size:
        """Of the part, in pixels."""
        return self.across.size, self.down.size

    @property
    def exact(self) -> bool:
        """Whether `resize` may be used.

        From twice as tall as wide Pillow resizes the columns first.
        """
        return self.down.source <= _TALLEST * self.across.source

    @property
    def rows(self) -> tuple[int, int]:
        """The picture's rows that `resize` takes: first, and one after the last."""
        return self.down.needed

    def resize(self, strip: Image.Image, kernel: Image.Resampling) -> Image.Image:
        """What `picture.resize(scaled, kernel).crop(part)` makes, to the last bit.

        Args:
            strip: the picture's `rows`, in mode RGB or L.
            kernel: any but nearest, which Pillow computes in another way.
        """
        return self._resize_down(self._resize_across(strip, kernel), kernel)

    def _resize_across(self, strip: Image.Image, kernel: Image.Resampling) -> Image.Image:
        """The part's columns; the strip's rows."""
        axis, rows = self.across, strip.height
        if axis.exact:
            left, right = axis.box
            return strip.resize((axis.size, rows), kernel, box=(left, 0, right, rows))
        whole = strip.resize((axis.scaled, rows), kernel)
        return whole.crop((axis.first, 0, axis.first + axis.size, rows))

    def _resize_down(self, narrow: Image.Image, kernel: Image.Resampling) -> Image.Image:
        """The part, of its columns."""
        axis, offset = self.down, self.rows[0]
        if axis.exact:
            top, bottom = (end - offset for end in axis.box)
            return narrow.resize(self.size, kernel, box=(0, top, narrow.width, bottom))
        # Rows that are not needed stay black: their results are cut off.
        canvas = Image.new(narrow.mode, (narrow.width, axis.source))
        canvas.paste(narrow, (0, offset))
        whole = canvas.resize((narrow.width, axis.scaled), kernel)
        return whole.crop((0, axis.first, narrow.width, axis.first + axis.size))
