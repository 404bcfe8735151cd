"""Shards go through the crew whole, in fixed batches, whatever the threads do."""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from bundle.repository import Bundle
from engine.classifier import Classifier
from engine.errors import DeviceMemoryError
from scoring.batch_queue import BatchQueue, Work
from scoring.errors import InputError, OutputError
from scoring.open_shard import OpenShard
from scoring.pipeline import COMMITS, score_shards
from scoring.score import Scorer
from scoring.settings import InputSettings
from scoring.shards import Shard
from scoring.sources.picture import Picture
from scoring.sources.planning import plan
from scoring.sources.reading import ShardReader
from tests.scoring.small_jobs import make_settings


class Parts:
    """Takes what is committed."""

    def __init__(self) -> None:
        self.tables: dict[int, pa.Table] = {}
        self.lock = threading.Lock()

    def commit(self, shard: Shard, table: pa.Table) -> None:
        with self.lock:
            assert shard.index not in self.tables, "committed twice"
            self.tables[shard.index] = table

    def ids(self) -> list[int]:
        return [one for _, table in sorted(self.tables.items()) for one in table["id"].to_pylist()]


class Counter:
    """Hears of progress."""

    def __init__(self) -> None:
        self.pictures = 0
        self.errors = 0
        self.lock = threading.Lock()

    def scored(self, pictures: int, errors: int) -> None:
        with self.lock:
            self.pictures += pictures
            self.errors += errors


class Failing(ShardReader):
    """A place that goes down in the middle of the second shard."""

    def read(self, shard: Shard) -> Generator[Picture]:
        for number, picture in enumerate(super().read(shard)):
            if shard.index == 1 and number == 3:
                raise InputError("the network is down")
            yield picture


class Waiting(ShardReader):
    """Calls something before it reads a shard."""

    def __init__(self, settings: InputSettings, call: Callable[[Shard], object]) -> None:
        super().__init__(settings)
        self.call = call

    def read(self, shard: Shard) -> Generator[Picture]:
        self.call(shard)
        yield from super().read(shard)


@pytest.fixture
def scorer(bundle: Bundle, pictures: Path) -> Scorer:
    return Scorer(Classifier(bundle, threads=1, measure=False), make_settings(bundle, pictures))


@pytest.fixture
def settings(pictures: Path) -> InputSettings:
    """24 pictures in shards of five: the last one is of four."""
    return InputSettings(location=str(pictures), shard_pictures=5)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_every_picture_is_scored_once_by_any_number_of_threads(
    settings: InputSettings, scorer: Scorer, threads: int
) -> None:
    parts, counter = Parts(), Counter()
    reader = ShardReader(settings)
    score_shards(
        plan(settings), reader, scorer, threads=threads, batch=2, commit=parts.commit,
        progress=counter,
    )  # fmt: skip
    assert parts.ids() == list(range(24))
    assert [len(table) for _, table in sorted(parts.tables.items())] == [5, 5, 5, 5, 4]
    assert (counter.pictures, counter.errors) == (24, 0)
    labels = [row["source"].split("/")[0] for _, t in sorted(parts.tables.items())
              for row in t.to_pylist()]  # fmt: skip
    assert sorted(labels) == sorted([*["red"] * 8, *["green"] * 8, *["blue"] * 8])


@pytest.mark.timeout(60)
def test_threads_decide_no_number(settings: InputSettings, scorer: Scorer) -> None:
    found = []
    for threads in (1, 5):
        parts = Parts()
        score_shards(
            plan(settings), ShardReader(settings), scorer, threads=threads, batch=2,
            commit=parts.commit,
        )  # fmt: skip
        found.append({index: table.to_batches() for index, table in parts.tables.items()})
    assert found[0] == found[1]


def test_batches_are_fixed_slices_of_a_shard_whatever_is_broken(
    bundle: Bundle, scorer: Scorer, tmp_path: Path, pictures: Path
) -> None:
    files = sorted(pictures.rglob("*.png"))[:10]
    for number, file in enumerate(files):
        data = b"broken" if number in (1, 2, 6) else file.read_bytes()
        (tmp_path / f"{number}.png").write_bytes(data)
    seen: list[tuple[int, int]] = []

    class Watching(Scorer):
        def score(self, pictures: Sequence[Picture], first_id: int) -> pa.RecordBatch:
            seen.append((first_id, len(pictures)))
            return scorer.score(pictures, first_id)

    settings = make_settings(bundle, tmp_path)
    watching = Watching(Classifier(bundle, threads=1, measure=False), settings)
    counter = Counter()
    score_shards(
        plan(settings.input), ShardReader(settings.input), watching, threads=2, batch=4,
        commit=Parts().commit, progress=counter,
    )  # fmt: skip
    assert sorted(seen) == [(0, 4), (4, 4), (8, 2)]
    assert (counter.pictures, counter.errors) == (10, 3)


@pytest.mark.timeout(60)
def test_a_place_that_fails_stops_the_run_and_says_why(
    settings: InputSettings, scorer: Scorer
) -> None:
    parts = Parts()
    with pytest.raises(InputError, match="the network is down"):
        score_shards(
            plan(settings), Failing(settings), scorer, threads=2, batch=2, commit=parts.commit
        )
    assert set(parts.tables) <= {0}, "half a shard was committed"


@pytest.mark.timeout(60)
def test_an_output_that_fails_stops_the_run_and_says_why(
    settings: InputSettings, scorer: Scorer
) -> None:
    commits: list[int] = []

    def fail(shard: Shard, table: pa.Table) -> None:
        commits.append(shard.index)
        del table
        raise OutputError("the disk is full")

    with pytest.raises(OutputError, match="the disk is full"):
        score_shards(plan(settings), ShardReader(settings), scorer, threads=1, batch=2, commit=fail)
    assert len(commits) <= COMMITS


@pytest.mark.timeout(60)
def test_a_network_that_fails_stops_the_run_and_says_why(
    settings: InputSettings, bundle: Bundle, pictures: Path
) -> None:
    class Exhausted(Scorer):
        def score(self, pictures: Sequence[Picture], first_id: int) -> pa.RecordBatch:
            del pictures, first_id
            raise DeviceMemoryError("cuda:0 has not the memory for 8 images")

    exhausted = Exhausted(
        Classifier(bundle, threads=1, measure=False), make_settings(bundle, pictures)
    )
    with pytest.raises(DeviceMemoryError, match="8 images"):
        score_shards(
            plan(settings), ShardReader(settings), exhausted, threads=3, batch=2,
            commit=Parts().commit,
        )  # fmt: skip


@pytest.mark.timeout(60)
def test_after_a_stop_what_is_open_is_finished_and_nothing_is_begun(
    settings: InputSettings, scorer: Scorer
) -> None:
    stop, parts = threading.Event(), Parts()

    def stop_in_the_second(shard: Shard) -> None:
        if shard.index == 1:
            stop.set()

    score_shards(
        plan(settings), Waiting(settings, stop_in_the_second), scorer, threads=2, batch=2,
        commit=parts.commit, stop=stop,
    )  # fmt: skip
    assert sorted(parts.tables) == [0, 1]


@pytest.mark.timeout(60)
def test_an_output_that_is_slow_lets_few_shards_pile_up(
    settings: InputSettings, scorer: Scorer
) -> None:
    begun: list[int] = []
    open_at_most = 0
    parts = Parts()

    def commit_slowly(shard: Shard, table: pa.Table) -> None:
        nonlocal open_at_most
        time.sleep(0.05)
        open_at_most = max(open_at_most, len(begun) - len(parts.tables))
        parts.commit(shard, table)

    small = settings.model_copy(update={"shard_pictures": 1})
    score_shards(
        plan(small), Waiting(small, lambda shard: begun.append(shard.index)), scorer, threads=1,
        batch=2, commit=commit_slowly,
    )  # fmt: skip
    assert parts.ids() == list(range(24))
    # Those being committed, one being scored, those that wait for a thread, one being read.
    assert open_at_most <= COMMITS + 1 + 2 + 1 + 1


def make_work(*sizes: int) -> Work:
    shard = OpenShard(Shard(0, 0, len(sizes), "files"), 8)
    return Work(shard, 0, [Picture("a.jpg", bytes(size)) for size in sizes])


def put_later(queue: BatchQueue, work: Work) -> list[bool]:
    """Puts in a thread; whether it is done, once it is."""
    done: list[bool] = []
    threading.Thread(target=lambda: done.append(queue.put(work)), daemon=True).start()
    time.sleep(0.05)
    return done


def wait_for(done: list[bool]) -> list[bool]:
    deadline = time.monotonic() + 30
    while not done and time.monotonic() < deadline:
        time.sleep(0.01)
    return done


def test_a_queue_is_bounded_in_batches() -> None:
    queue = BatchQueue(2)
    works = [make_work(1) for _ in range(3)]
    assert queue.put(works[0])
    assert queue.put(works[1])
    third = put_later(queue, works[2])
    assert not third
    assert queue.take() is works[0]
    assert wait_for(third) == [True]
    assert [queue.take(), queue.take()] == works[1:]


def test_a_queue_is_bounded_in_bytes_and_one_large_batch_fits_alone() -> None:
    queue = BatchQueue(10, max_bytes=100)
    large, small = make_work(400, 600), make_work(1)
    assert queue.put(large)
    waiting = put_later(queue, small)
    assert not waiting
    assert queue.take() is large
    assert wait_for(waiting) == [True]


def test_a_closed_queue_hands_out_what_waits() -> None:
    queue = BatchQueue(4)
    work = make_work(1)
    queue.put(work)
    queue.close()
    assert queue.take() is work
    assert queue.take() is None
    assert not queue.put(work)


def test_an_abandoned_queue_lets_everybody_go() -> None:
    queue = BatchQueue(1)
    queue.put(make_work(1))
    waiting = put_later(queue, make_work(1))
    queue.abandon()
    assert wait_for(waiting) == [False]
    assert queue.take() is None
