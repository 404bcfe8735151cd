"""Shards that wait: each is given out once, and again after its worker died."""

import pytest

from scoring.cluster.backlog import ATTEMPTS, Backlog
from scoring.errors import ClusterError
from scoring.shards import Item, Shard
from tests.scoring.cluster.clock import Clock


def shard(index: int) -> Shard:
    items = tuple(Item(f"cats/{index}-{number}.jpg", "") for number in range(5))
    return Shard(index, 5 * index, 5, "files", items=items)


def test_every_shard_is_given_out_once_in_order() -> None:
    backlog = Backlog(iter(map(shard, range(3))))
    assert [backlog.next() for _ in range(4)] == [shard(0), shard(1), shard(2), None]
    assert backlog.is_empty


def test_it_is_not_empty_before_the_last_shard_was_asked_for() -> None:
    backlog = Backlog(iter([shard(0)]))
    assert backlog.next() == shard(0)
    assert not backlog.is_empty


def test_what_is_put_back_comes_next() -> None:
    backlog = Backlog(iter(map(shard, range(3))))
    first = backlog.next()
    assert first is not None
    backlog.put_back(first)
    assert [backlog.next() for _ in range(4)] == [shard(0), shard(1), shard(2), None]


def test_after_a_death_others_come_first() -> None:
    clock = Clock()
    backlog = Backlog(iter(map(shard, range(2))), clock=clock)
    backlog.worker_died(shard(7), "killed")
    assert backlog.next() == shard(0)
    clock.now += 60
    assert backlog.next() == shard(7)
    assert backlog.next() == shard(1)


def test_while_a_shard_pauses_the_backlog_is_not_empty() -> None:
    clock = Clock()
    backlog = Backlog(iter([]), clock=clock)
    backlog.worker_died(shard(0), "killed")
    assert backlog.next() is None
    assert not backlog.is_empty
    clock.now += 60
    assert backlog.next() == shard(0)
    assert backlog.is_empty


def test_lost_nodes_are_nobodys_fault() -> None:
    backlog = Backlog(iter([]))
    for _ in range(10 * ATTEMPTS):
        backlog.put_back(shard(0))
        assert backlog.next() == shard(0)


def test_a_shard_that_always_kills_its_worker_stops_the_job() -> None:
    clock = Clock()
    backlog = Backlog(iter([]), clock=clock)
    for _ in range(ATTEMPTS - 1):
        backlog.worker_died(shard(3), "killed")
        clock.now += 60
        assert backlog.next() == shard(3)
    with pytest.raises(ClusterError) as failure:
        backlog.worker_died(shard(3), "out of memory")
    words = str(failure.value)
    assert "shard 3 (ids 15 to 19, from cats/3-0.jpg on)" in words
    assert f"{ATTEMPTS} times" in words
    assert "out of memory" in words
