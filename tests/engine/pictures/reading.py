"""What a client does with one of our PNG files: nothing but Pillow and the text chunks."""

import json
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BACKGROUND, MARK = 254, 255


def open_png(data: bytes) -> tuple[NDArray[np.uint8], dict[str, str]]:
    """The palette's indices (or RGB), and the text chunks."""
    with Image.open(BytesIO(data)) as image:
        assert image.format == "PNG"
        image.load()
        return np.asarray(image), {str(key): str(value) for key, value in image.info.items()}


def read_layout(data: bytes) -> dict[str, Any]:
    return json.loads(open_png(data)[1]["Cutaway-Layout"])


def read_values(data: bytes) -> NDArray[np.float64]:
    """(pictures, tiles, height, width); NaN where there is a mark."""
    indices, _ = open_png(data)
    layout = read_layout(data)
    zoom, separator = layout["zoom"], layout["separator_pixels"]
    height, width = layout["tile_height"], layout["tile_width"]
    pitch_y, pitch_x = height * zoom + separator, width * zoom + separator
    pitch_picture = layout["rows"] * pitch_y + separator + layout["image_gap_pixels"]
    pictures: list[list[NDArray[np.float64]]] = []
    for number, picture in enumerate(layout["pictures"]):
        tiles: list[NDArray[np.float64]] = []
        for tile in range(len(picture["channels"])):
            row, column = divmod(tile, layout["columns"])
            y = number * pitch_picture + separator + row * pitch_y
            x = separator + column * pitch_x
            cells = indices[y : y + height * zoom : zoom, x : x + width * zoom : zoom]
            assert (cells != BACKGROUND).all()
            entry = tile if len(picture["lo"]) > 1 else 0
            lo, hi = picture["lo"][entry], picture["hi"][entry]
            values = lo + cells.astype(np.float64) * (hi - lo) / 253
            tiles.append(np.where(cells == MARK, np.nan, values))
        pictures.append(tiles)
    return np.array(pictures)
