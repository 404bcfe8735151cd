"""Committing parts, and counting what they hold."""

from pathlib import Path

import pytest

from scoring.errors import OutputError
from scoring.outputs.local import LocalOutput
from scoring.parts import commit_part, count_errors, part_index, part_indices
from tests.scoring.jobs import make_shards, make_table

SHARDS = [(0, 21), (1, 21), (2, 21)]


@pytest.fixture
def output(tmp_path: Path) -> LocalOutput:
    """Three parts of 21 rows, three of which each have an error."""
    output = LocalOutput(tmp_path)
    for shard in make_shards(3, 21):
        assert commit_part(output, shard, make_table(shard))
    return output


def test_a_part_is_committed_once(output: LocalOutput) -> None:
    shard = next(make_shards(1, 21))
    before = output.read(shard.file)
    assert not commit_part(output, shard, make_table(shard))
    assert output.read(shard.file) == before


def test_errors_are_counted_over_all_parts(output: LocalOutput) -> None:
    assert count_errors(output, SHARDS) == {None: 54, "unsupported_image": 9}


@pytest.mark.parametrize("rows", [20, 0])
def test_a_part_without_one_row_for_every_picture_is_refused(
    output: LocalOutput, rows: int
) -> None:
    *_, shard = make_shards(4, 21)
    with pytest.raises(ValueError, match="expected 21 rows from id 63 on"):
        commit_part(output, shard, make_table(shard).slice(0, rows))
    assert shard.file not in output.names()


def test_rows_of_another_shard_are_refused(output: LocalOutput) -> None:
    first, second = make_shards(2, 21)
    with pytest.raises(ValueError, match="from id 0 on"):
        commit_part(output, first, make_table(second))


def test_a_missing_part_is_named(output: LocalOutput) -> None:
    with pytest.raises(OutputError, match=r"part-000003\.parquet"):
        count_errors(output, [*SHARDS, (3, 21)])


@pytest.mark.parametrize("length", [0, 100, -9])
def test_a_damaged_part_is_named(output: LocalOutput, length: int) -> None:
    path = output.folder / "part-000001.parquet"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(OutputError, match=r"part-000001\.parquet in .* is damaged; remove it"):
        count_errors(output, SHARDS)


def test_a_part_with_other_rows_than_planned_is_damaged(output: LocalOutput) -> None:
    with pytest.raises(OutputError, match=r"part-000002\.parquet in .* is damaged"):
        count_errors(output, [(0, 21), (1, 21), (2, 20)])


def test_names_of_parts_are_told_from_others() -> None:
    assert part_index("part-000017.parquet") == 17
    assert part_index("part-1234567.parquet") == 1_234_567
    others = ["_SUCCESS", ".part-000001.parquet.tmp", "part-1.parquet", "part-000001.parquet.crc"]
    assert part_indices([*others, "part-000002.parquet"]) == {2}
