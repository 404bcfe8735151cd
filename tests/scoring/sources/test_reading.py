import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scoring.errors import InputError
from scoring.shards import Shard
from scoring.sources.planning import plan
from scoring.sources.reading import ShardReader
from tests.scoring.sources.inputs import pictures_of, settings_of


def test_a_reader_travels_to_another_process_and_reads_the_same(pictures: Path) -> None:
    settings = settings_of(pictures, shard_pictures=10, labels_from_folders=True)
    shards = list(plan(settings))
    sent = pickle.dumps((ShardReader(settings), shards))
    reader, received = pickle.loads(sent)  # noqa: S301 our own bytes
    read = [picture for shard in received for picture in reader.read(shard)]
    assert read == pictures_of(pictures, shard_pictures=10, labels_from_folders=True)
    assert [picture.expected for picture in read[:9]] == ["blue"] * 8 + ["green"]


def test_several_shards_may_be_read_at_once(pictures: Path) -> None:
    settings = settings_of(pictures, shard_pictures=3)
    reader = ShardReader(settings)

    def read(shard: Shard) -> list[str]:
        return [picture.source for picture in reader.read(shard)]

    shards = list(plan(settings))
    with ThreadPoolExecutor(4) as pool:
        read_at_once = list(pool.map(read, shards))
    assert read_at_once == [[item.source for item in shard.items] for shard in shards]


def test_a_plan_that_the_input_no_longer_fits_stops_the_job(pictures: Path) -> None:
    settings = settings_of(pictures)
    (shard,) = plan(settings)
    planned = Shard(0, 0, 30, "files", items=shard.items)
    with pytest.raises(
        InputError, match=r"has changed since it was planned: expected 30 .* found 24"
    ):
        list(ShardReader(settings).read(planned))
