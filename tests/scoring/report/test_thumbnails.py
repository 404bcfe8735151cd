"""Pictures found again for a page."""

import base64
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import ImageError
from scoring.results.again import find_thumbnails
from scoring.results.scored import Scored, open_scored
from scoring.results.thumbnails import SIDE_PIXELS, Thumbnail, make_thumbnail
from tests.scoring.broken import broken_pictures, odd_pictures
from tests.scoring.known_jobs import Known, write_job
from tests.scoring.pictures import make_picture


def drawn(thumbnail: Thumbnail) -> Image.Image:
    """What a browser makes of it."""
    assert thumbnail.uri is not None
    head, data = thumbnail.uri.split(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    """As a file."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def test_a_large_picture_gets_small_and_keeps_its_shape() -> None:
    small = make_thumbnail(encode(Image.new("RGB", (1200, 800), "teal"), "JPEG"))
    assert drawn(small).size == (small.width, small.height) == (SIDE_PIXELS, 107)


def test_a_small_picture_stays_as_it_is() -> None:
    assert (
        drawn(make_thumbnail(make_picture(3))).size == Image.open(io.BytesIO(make_picture(3))).size
    )


def test_a_picture_on_its_side_is_turned_upright() -> None:
    image = Image.new("RGB", (90, 30), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    assert drawn(make_thumbnail(encode(image, "JPEG", exif=exif))).size == (30, 90)


def test_transparent_is_white() -> None:
    pixel = drawn(make_thumbnail(encode(Image.new("RGBA", (30, 20), (255, 0, 0, 0)), "PNG")))
    assert np.asarray(pixel).min() > 250


@pytest.mark.parametrize("kind", odd_pictures())
def test_odd_pictures_are_drawn(kind: str) -> None:
    assert max(drawn(make_thumbnail(odd_pictures()[kind])).size) <= SIDE_PIXELS


@pytest.mark.parametrize("kind", broken_pictures())
def test_broken_pictures_are_refused(kind: str) -> None:
    with pytest.raises(ImageError):
        make_thumbnail(broken_pictures()[kind][0])


@pytest.fixture
def job(tmp_path: Path) -> Scored:
    """Ten pictures in shards of four; the last four are gone, other, damaged and unreadable."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    known: list[Known] = []
    for index in range(10):
        data = make_picture(index)
        (folder / f"{index}.png").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        known.append(Known(f"{index}.png", (0.5, 0.3, 0.2), sha256=digest))
    (folder / "6.png").unlink()
    (folder / "7.png").write_bytes(make_picture(99))
    output = write_job(tmp_path / "out", known, location=str(folder), shard_pictures=4)
    return open_scored(str(output))


def test_pictures_are_found_by_their_ids(job: Scored) -> None:
    digests = {i: hashlib.sha256(make_picture(i)).hexdigest() for i in (9, 1, 2)}
    found = find_thumbnails(job, digests)
    assert list(found) == [9, 1, 2]
    for index in digests:
        pixels = np.asarray(drawn(found[index]).convert("RGB")).mean((0, 1))
        assert pixels.argmax() == index % 3, "another picture"


def test_a_picture_that_has_gone_or_changed_says_so(job: Scored) -> None:
    found = find_thumbnails(job, {5: None, 6: "0" * 64, 7: "0" * 64, 1000: None})
    assert found[5].uri
    assert found[6].missing == "not in the input any more"
    assert found[7].missing == "another picture is there now"
    assert found[1000].missing == "not in the plan of the job"


def test_an_input_that_has_gone_is_no_failure(tmp_path: Path) -> None:
    known = [Known("a.png", (0.5, 0.3, 0.2))]
    output = write_job(tmp_path / "out", known, location=str(tmp_path / "nowhere"))
    found = find_thumbnails(open_scored(str(output)), {0: None})
    assert found[0].uri is None
    assert found[0].missing
