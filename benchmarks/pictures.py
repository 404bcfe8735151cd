"""The picture that everybody is sent, and the bodies it travels in."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bundle.repository import Bundle
from engine.arrays import Pixels
from engine.images import ImageLimits
from engine.recipes import build_recipe

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "export" / "samples" / "china.jpg"
WIDTH, HEIGHT, QUALITY = 500, 375, 84
"""ImageNet's common size; of this sample 52 kB, as much as an ImageNet photo has."""
BOUNDARY = "cutaway-benchmark"


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body in a file.

    Args:
        file: its bytes.
        content_type: what the request says it is.
    """

    file: Path
    content_type: str


@dataclass(frozen=True, slots=True)
class Bodies:
    """The picture in every way that it is sent.

    Args:
        jpeg: its bytes.
        raw: they alone.
        form: in a form as we take it.
        peers_form: in a form as BentoML's batchable service takes it.
        array: ready pixels, one picture.
    """

    jpeg: bytes
    raw: Body
    form: Body
    peers_form: Body
    array: Body


def make_bodies(bundle: Bundle, folder: Path) -> Bodies:
    """Bodies for a network, as files in a folder."""
    jpeg = sample_jpeg()
    spec = bundle.manifest
    pixels = build_recipe(spec.input, spec.preprocessing, ImageLimits())(jpeg)
    return Bodies(
        jpeg=jpeg,
        raw=raw_body(folder, jpeg),
        form=form_body(folder, jpeg, "image"),
        peers_form=form_body(folder, jpeg, "images"),
        array=array_body(folder, pixels[np.newaxis]),
    )


def sample_jpeg() -> bytes:
    """A photo of 500×375, made from a real one: the same bytes on every machine of one Pillow."""
    with Image.open(SAMPLE) as image:
        scale = max(WIDTH / image.width, HEIGHT / image.height)
        size = (round(image.width * scale), round(image.height * scale))
        larger = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    left, top = (larger.width - WIDTH) // 2, (larger.height - HEIGHT) // 2
    buffer = io.BytesIO()
    larger.crop((left, top, left + WIDTH, top + HEIGHT)).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def raw_body(folder: Path, jpeg: bytes) -> Body:
    """The picture file as the whole body."""
    return _write(folder / "picture.jpg", jpeg, "image/jpeg")


def form_body(folder: Path, jpeg: bytes, field: str) -> Body:
    """The picture as a part of a form."""
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="{field}"; filename="picture.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    content = head.encode() + jpeg + f"\r\n--{BOUNDARY}--\r\n".encode()
    return _write(folder / f"{field}.form", content, f"multipart/form-data; boundary={BOUNDARY}")


def array_body(folder: Path, pixels: Pixels) -> Body:
    """Ready pixels (batch, height, width, channels) in NumPy's format."""
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return _write(folder / "pixels.npy", buffer.getvalue(), "application/x-npy")


def _write(file: Path, content: bytes, content_type: str) -> Body:
    """A body of these bytes."""
    file.write_bytes(content)
    return Body(file, content_type)
