import io
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.pictures import make_bodies, sample_jpeg
from bundle.repository import Bundle
from engine.classifier import Classifier


def test_the_picture_is_a_photo_of_imagenets_common_size() -> None:
    data = sample_jpeg()
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (500, 375), "RGB")
    assert 50_000 < len(data) < 55_000


def test_the_picture_is_the_same_every_time() -> None:
    assert sample_jpeg() == sample_jpeg()


def test_ready_pixels_are_what_the_engine_decodes(colours: Bundle, tmp_path: Path) -> None:
    bodies = make_bodies(colours, tmp_path)
    pixels = np.load(bodies.array.file)
    np.testing.assert_array_equal(pixels[0], Classifier(colours).decode(bodies.jpeg))


def test_a_form_carries_the_picture_whole(colours: Bundle, tmp_path: Path) -> None:
    bodies = make_bodies(colours, tmp_path)
    assert bodies.jpeg in bodies.form.file.read_bytes()
    assert b'name="image"' in bodies.form.file.read_bytes()
    assert b'name="images"' in bodies.peers_form.file.read_bytes()
