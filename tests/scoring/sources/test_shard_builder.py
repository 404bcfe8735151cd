from collections.abc import Iterator

from scoring.shards import Item, Shard
from scoring.sources.shard_builder import ShardBuilder


def items(count: int) -> list[Item]:
    return [Item(f"{number}.jpg", f"{number}.jpg") for number in range(count)]


def numbers(shards: list[Shard]) -> list[tuple[int, int, int]]:
    return [(shard.index, shard.first_id, shard.count) for shard in shards]


def test_shards_are_full_but_for_the_last_and_their_ids_count_on() -> None:
    shards = list(ShardBuilder(4).cut("files", "", items(10)))
    assert numbers(shards) == [(0, 0, 4), (1, 4, 4), (2, 8, 2)]
    assert [item for shard in shards for item in shard.items] == items(10)


def test_a_shard_never_spans_two_archives() -> None:
    builder = ShardBuilder(4)
    shards = [
        *builder.cut("tar", "a.tar", items(5)),
        *builder.cut("tar", "b.tar", []),
        *builder.cut("zip", "c.zip", items(1)),
    ]
    assert numbers(shards) == [(0, 0, 4), (1, 4, 1), (2, 5, 1)]
    assert [(shard.kind, shard.path) for shard in shards] == [
        ("tar", "a.tar"),
        ("tar", "a.tar"),
        ("zip", "c.zip"),
    ]


def test_row_groups_are_never_split_and_small_ones_share_a_shard() -> None:
    shards = list(ShardBuilder(100).cut_row_groups("a.parquet", [40, 60, 1, 0, 250, 30, 30]))
    assert numbers(shards) == [(0, 0, 100), (1, 100, 1), (2, 101, 250), (3, 351, 60)]
    assert [shard.row_groups for shard in shards] == [(0, 1), (2,), (4,), (5, 6)]


def test_only_as_many_items_are_listed_as_the_shards_taken_need() -> None:
    listed: list[int] = []

    def listing() -> Iterator[Item]:
        for number in range(1_000_000):
            listed.append(number)
            yield Item(f"{number}.jpg", f"{number}.jpg")

    shards = ShardBuilder(10).cut("files", "", listing())
    next(shards)
    next(shards)
    assert len(listed) == 20
