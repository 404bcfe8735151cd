"""Pictures to be scored: small, seeded, none square, no two alike."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

LABELS = ("red", "green", "blue")
"""The classes of the colour model; each is the name of a folder of pictures too."""


def make_picture(index: int) -> bytes:
    """A red, green or blue picture in turn, as PNG; every fifth is a JPEG."""
    height, width = 20 + index % 5, 31 + index % 7
    pixels = np.random.default_rng(index).integers(0, 60, (height, width, 3), dtype=np.uint8)
    pixels[..., index % 3] += 180
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG" if index % 5 == 4 else "PNG")
    return buffer.getvalue()


def picture_name(index: int) -> str:
    """Its path: the folder says the class."""
    return f"{LABELS[index % 3]}/{index:06d}.{'jpg' if index % 5 == 4 else 'png'}"


def write_pictures(folder: Path, count: int) -> Path:
    """Write that many pictures into folders named by their classes; the folder itself."""
    for label in LABELS:
        (folder / label).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        (folder / picture_name(index)).write_bytes(make_picture(index))
    return folder
