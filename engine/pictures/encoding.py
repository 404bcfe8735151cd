"""Pictures as PNG files that carry their numbers."""

import json
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from engine.errors import TooMuchError
from engine.pictures.colours import BACKGROUND, MARK
from engine.pictures.indexed import Picture
from engine.pictures.layout import Layout
from engine.pictures.ranges import TOP

# Measured on a 112×112×96 activation (1131×1131 pixels), milliseconds and kB: indexed at level 1
# 33 and 905, level 3 43 and 898, level 6 49 and 891; the same as RGB at level 1 141 and 2456, level
# 6 190 and 2718. Hence indexed, and hence level 1.
_COMPRESS_LEVEL = 1

# Pillow refuses to open a file with a longer compressed text (PngImagePlugin.MAX_TEXT_CHUNK).
_MAX_TEXT_BYTES = 1 << 20

RANGE_CHUNK = "Cutaway-Range"
LAYOUT_CHUNK = "Cutaway-Layout"
MAP_CHUNK = "Cutaway-Map"
DESCRIPTION_CHUNK = "Description"  # a keyword of the PNG specification: viewers show it
_DESCRIPTION = (
    f"value = lo + level * (hi - lo) / {TOP}; level = palette index, {BACKGROUND} background, "
    f"{MARK} mark"
)


def encode_png(picture: Picture | NDArray[np.uint8], **numbers: str) -> bytes:
    """A PNG file.

    A `Picture` is written indexed: a reader that asks for the indices has the levels, and the text
    chunks `Cutaway-Map`, `Cutaway-Range` and, of a sprite, `Cutaway-Layout` (JSON) have the rest.

    Args:
        picture: or uint8 (height, width, 3) of RGB, or (height, width) of grey.
        numbers: further text chunks, keyword → Latin-1 text; `_` in a keyword is written `-`.

    Raises:
        TooMuchError: more tiles than one file can say the ranges of.
    """
    texts = PngImagePlugin.PngInfo()
    for keyword, text in numbers.items():
        texts.add_text(keyword.replace("_", "-"), text)
    if isinstance(picture, Picture):
        image = _image(picture)
        _add_numbers(texts, picture)
    else:
        image = Image.fromarray(picture)
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=_COMPRESS_LEVEL, pnginfo=texts)
    return buffer.getvalue()


def _image(picture: Picture) -> Image.Image:
    if not picture.is_indexed:
        return Image.fromarray(picture.rgb)
    image = Image.fromarray(picture.levels)
    image.putpalette(picture.colours.palette.tobytes())
    return image


def _add_numbers(texts: PngImagePlugin.PngInfo, picture: Picture) -> None:
    texts.add_text(MAP_CHUNK, picture.colours.name)
    if picture.is_indexed:
        texts.add_text(DESCRIPTION_CHUNK, _DESCRIPTION)
    if picture.range is not None:
        texts.add_text(RANGE_CHUNK, str(picture.range))
    if picture.layout is not None:
        texts.add_text(LAYOUT_CHUNK, _layout_text(picture.layout), zip=True)


def _layout_text(layout: Layout) -> str:
    text = json.dumps(layout.as_json(), separators=(",", ":"), allow_nan=False)
    if len(text) > _MAX_TEXT_BYTES:
        asked = sum(map(len, layout.tiles))
        fits = f"about {asked * _MAX_TEXT_BYTES // len(text)} tiles"
        raise TooMuchError(
            f"expected the numbers of all tiles to fit {_MAX_TEXT_BYTES} bytes, received "
            f"{asked} tiles that take {len(text)}; {fits} would fit",
            asked=f"{asked} tiles",
            cap=f"{_MAX_TEXT_BYTES} bytes of numbers",
            fits=fits,
        )
    return text
