"""Whatever happens to an archive, it is refused in a sentence or read in full, errors included."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.errors import ScoringError
from scoring.sources.planning import plan
from scoring.sources.reading import ShardReader
from tests.scoring.pictures import make_picture, picture_name
from tests.scoring.sources.archives import make_tar, make_zip
from tests.scoring.sources.inputs import settings_of

FILES = {picture_name(index): make_picture(index) for index in range(5)}
LABELS = {"red/000000.cls": b"1", "red/000000.json": b'{"label": 2}'}


def make_deflated(path: Path) -> Path:
    return make_zip(path, FILES, zipfile.ZIP_DEFLATED)


def make_parquet(path: Path) -> Path:
    table = pa.table({"image": list(FILES.values()), "label": [*range(5)]})
    pq.write_table(table, path, row_group_size=2)
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "tar": lambda path: make_tar(path, FILES | LABELS),
    "zip": make_deflated,
    "parquet": make_parquet,
}


def damage(data: bytes, noise: np.random.Generator) -> bytes:
    """Cut off, or with a few bytes written over; more often where headers and footers are."""
    if noise.random() < 0.2:
        return data[: noise.integers(len(data))]
    changed = bytearray(data)
    for _ in range(noise.integers(1, 5)):
        begin = noise.choice([0, max(0, len(data) - 1500), int(noise.integers(len(data)))])
        place = min(len(data) - 1, begin + noise.integers(1500))
        changed[place] = noise.choice([0, 0xFF, int(noise.integers(256))])
    return bytes(changed)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_damaged_archive_is_refused_or_read_in_full(tmp_path: Path, kind: str) -> None:
    sound = MAKERS[kind](tmp_path / f"sound.{kind}").read_bytes()
    path = tmp_path / f"a.{kind}"
    settings = settings_of(path)
    noise = np.random.default_rng(7)
    refused = read = 0
    for _ in range(300):
        path.write_bytes(damage(sound, noise))
        try:
            shards = list(plan(settings))
            reader = ShardReader(settings)
            pictures = [picture for shard in shards for picture in reader.read(shard)]
        except ScoringError:
            refused += 1
            continue
        assert len(pictures) == sum(shard.count for shard in shards)
        assert all((picture.data is None) == bool(picture.error_code) for picture in pictures)
        read += 1
    assert refused > 30
    assert read > 10
