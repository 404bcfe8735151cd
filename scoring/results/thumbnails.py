"""Small pictures for a page, read again from the job's input."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO

from PIL import Image, ImageOps

from engine.errors import ImageError
from engine.images import ImageLimits, decode_errors, open_image, sniff
from scoring.errors import ScoringError
from scoring.shards import Shard
from scoring.sources.picture import Picture
from scoring.sources.reading import ShardReader

SIDE_PIXELS = 160

_LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Either a picture of at most `SIDE_PIXELS` a side, or why there is none.

    Args:
        uri: `data:image/jpeg;base64,…`
        missing: a few words.
    """

    uri: str | None = None
    width: int = SIDE_PIXELS
    height: int = SIDE_PIXELS
    missing: str | None = None


def read_thumbnails(
    shards: Iterable[Shard], reader: ShardReader, wanted: Mapping[int, str | None]
) -> dict[int, Thumbnail]:
    """Find pictures again by their ids; each has its answer in what is returned.

    Args:
        shards: the job's plan, in order; read no further than needed.
        wanted: id → sha256 that the picture had when it was scored, or None.
    """
    found: dict[int, Thumbnail] = {}
    for shard in shards:
        if len(found) == len(wanted):
            break
        ids = sorted(i for i in wanted if 0 <= i - shard.first_id < shard.count)
        if ids:
            found |= _read_shard(shard, reader, {i: wanted[i] for i in ids})
    return found


def _read_shard(
    shard: Shard, reader: ShardReader, wanted: dict[int, str | None]
) -> dict[int, Thumbnail]:
    """Those of one shard; where it cannot be read they are missing, and the page is made."""
    found: dict[int, Thumbnail] = {}
    part, ids = _narrow(shard, list(wanted))
    try:
        for number, picture in zip(ids, reader.read(part), strict=False):
            if number in wanted:
                found[number] = _thumbnail(picture, wanted[number])
    except (ScoringError, OSError) as error:
        gone = Thumbnail(missing=f"cannot be read again: {error}")
        return dict.fromkeys(wanted, gone) | found
    return found


def _narrow(shard: Shard, ids: list[int]) -> tuple[Shard, list[int]]:
    """The shard with these pictures alone, and the ids of what it yields.

    Rows of a Parquet file have no names of their own: its shards are read up to the last one.
    """
    if not shard.items:
        return shard, list(range(shard.first_id, max(ids) + 1))
    items = tuple(shard.items[i - shard.first_id] for i in ids)
    return replace(shard, items=items, count=len(items), first_id=ids[0]), ids


def _thumbnail(picture: Picture, expected_sha256: str | None) -> Thumbnail:
    """The picture made small, if it is still the one that was scored."""
    if picture.data is None:
        return Thumbnail(missing="not in the input any more")
    if expected_sha256 and sha256(picture.data).hexdigest() != expected_sha256:
        return Thumbnail(missing="another picture is there now")
    try:
        return make_thumbnail(picture.data)
    except ImageError:
        return Thumbnail(missing="cannot be drawn")


def make_thumbnail(data: bytes) -> Thumbnail:
    """An encoded picture, upright, on white where it is transparent, as a small JPEG.

    Raises:
        ImageError: it is no picture, too large or damaged.
    """
    image = open_image(data, _LIMITS)
    with decode_errors(sniff(data)):
        image.draft("RGB", (2 * SIDE_PIXELS, 2 * SIDE_PIXELS))  # JPEG: decoded at a smaller scale
        small = image.convert("RGBA")
        small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
        small = ImageOps.exif_transpose(small)
    paper = Image.new("RGB", small.size, "white")
    paper.paste(small, mask=small.getchannel("A"))
    buffer = BytesIO()
    paper.save(buffer, "JPEG", quality=80)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Thumbnail(f"data:image/jpeg;base64,{encoded}", paper.width, paper.height)
