"""The plan, written and read."""

import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import ipc

from scoring.errors import InputError, OutputError
from scoring.job_file import Planned
from scoring.outputs.local import LocalOutput
from scoring.plan_file import PLAN, read_counts, read_plan, written_plan
from scoring.shards import Item, Shard
from tests.scoring.jobs import make_shards


@pytest.fixture
def output(tmp_path: Path) -> LocalOutput:
    return LocalOutput(tmp_path)


def write(output: LocalOutput, shards: Iterable[Shard]) -> Planned:
    with written_plan(shards) as (planned, data):
        assert output.commit(PLAN, data)
    return planned


def test_what_was_planned_is_read(output: LocalOutput) -> None:
    shards = list(make_shards(50, 30))
    assert write(output, shards) == Planned(shards=50, pictures=1500)
    assert list(read_plan(output)) == shards
    assert list(read_counts(output)) == [(index, 30) for index in range(50)]


def test_shards_of_every_kind_are_read(output: LocalOutput) -> None:
    shards = [
        Shard(0, 0, 1, "files", items=(Item("ä/1.jpg", "ä/1.jpg"),)),
        Shard(1, 1, 1, "tar", "a.tar", (Item("a.tar!1.jpg", "1.jpg", 512, 100, "cat"),)),
        Shard(2, 2, 1, "zip", "b.zip", (Item("b.zip!1.jpg", "1.jpg", size=7, expected=""),)),
        Shard(3, 3, 5000, "parquet", "c.parquet", row_groups=(0, 3)),
    ]
    write(output, shards)
    assert list(read_plan(output)) == shards


def test_shards_that_are_done_are_left_out(output: LocalOutput) -> None:
    write(output, make_shards(20, 3))
    left = [shard.index for shard in read_plan(output, without={0, 1, 7, 19})]
    assert left == [i for i in range(20) if i not in {0, 1, 7, 19}]


def test_the_same_plan_is_the_same_bytes() -> None:
    again = iter(list(make_shards(100, 100)))
    with written_plan(make_shards(100, 100)) as (_, first), written_plan(again) as (_, second):
        assert first == second


def test_neither_writing_nor_reading_holds_more_than_a_few_thousand_pictures(
    output: LocalOutput,
) -> None:
    tracemalloc.start()
    try:
        planned = write(output, make_shards(200, 1000))
        for shard in read_plan(output):
            assert shard.count == 1000
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert planned.pictures == 200_000
    assert peak_bytes < 30_000_000, "two hundred thousand items are 60 MB and more"


def test_no_record_batch_is_large(output: LocalOutput) -> None:
    write(output, [*make_shards(5000, 1), *make_shards(20, 5000)])
    with ipc.open_file(pa.memory_map(str(output.folder / PLAN))) as reader:
        for number in range(reader.num_record_batches):
            rows = reader.get_batch(number).to_pylist()
            assert len(rows) <= 1024
            assert sum(len(row["items"]) for row in rows) < 8192 + 5000


@pytest.mark.parametrize("length", [0, 9, 3000, -20])
def test_a_damaged_plan_is_said(output: LocalOutput, length: int) -> None:
    write(output, make_shards(200, 10))
    path = output.folder / PLAN
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(OutputError, match=r"_plan\.arrow in .* is damaged"):
        list(read_plan(output))


def test_an_input_that_fails_while_it_is_listed_is_no_plan(output: LocalOutput) -> None:
    def failing() -> Iterable[Shard]:
        yield from make_shards(3, 3)
        raise InputError("the folder went away")

    with pytest.raises(InputError, match="went away"):
        write(output, failing())
    assert output.names() == set()
