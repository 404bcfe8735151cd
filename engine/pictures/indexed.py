"""A picture of levels, its colours, and the values that it shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.pictures.colours import ColourMap
from engine.pictures.layout import Layout
from engine.pictures.ranges import Range


@dataclass(frozen=True, slots=True)
class Picture:
    """Levels 0–253, background 254 and mark 255, and their colours."""

    levels: NDArray[np.uint8]
    """(height, width); or (height, width, 3), grey levels of red, green and blue by themselves."""
    colours: ColourMap
    range: Range | None
    """None where channels have ranges of their own: the layout's tiles say them."""
    layout: Layout | None = None
    """Of a sprite; None for a picture of one map."""

    @property
    def is_indexed(self) -> bool:
        """Whether one level gives a pixel's colour."""
        return len(self.levels.shape) == len(("height", "width"))

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """uint8 (height, width, 3)."""
        if self.is_indexed:
            return self.colours.palette[self.levels]
        return self.colours.palette[self.levels, np.arange(3)]
