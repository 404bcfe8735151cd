"""Shards through a crew of threads: read ahead, scored batch by batch, committed one by one.

One thread reads and fills the queue. Each of the others takes the next batch, decodes it and runs
it, so that no core waits for another's hand-over: decoding in threads of its own and one caller of
the network kept two thirds to four fifths of two cores busy. Whoever has scored a shard's last
batch hands the shard to a thread that commits: a disk and an object store let one wait.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import pyarrow as pa

from scoring.batch_queue import BatchQueue, Work
from scoring.open_shard import OpenShard
from scoring.progress import Progress, Silence
from scoring.score import Scorer
from scoring.shards import Shard
from scoring.sources.picture import Picture
from scoring.sources.reading import ShardReader

Commit = Callable[[Shard, pa.Table], None]

COMMITS = 4
"""Shards that are being committed at a time: their rows are still in memory."""


def score_shards(
    shards: Iterable[Shard],
    reader: ShardReader,
    scorer: Scorer,
    *,
    threads: int,
    batch: int,
    commit: Commit,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Score shards and commit each as a whole.

    Args:
        shards: taken when the crew gets to them.
        reader: of their pictures.
        scorer: of the job.
        threads: that decode and infer.
        batch: pictures of a batch: those of a shard from the first on, whatever they are.
        commit: called once a shard, from several threads.
        progress: hears of each batch.
        stop: once it is set no shard is begun; those that are open are finished and committed.

    Raises:
        ScoringError, EngineError: the first that anybody met; shards that were open are lost.
    """
    crew = _Crew(
        reader=reader,
        scorer=scorer,
        batch=batch,
        threads=threads,
        commit=commit,
        progress=progress or Silence(),
    )
    crew.run(shards, stop or threading.Event())


class _Crew:
    """The threads of one run, and the first error that one of them met."""

    def __init__(
        self,
        *,
        reader: ShardReader,
        scorer: Scorer,
        batch: int,
        threads: int,
        commit: Commit,
        progress: Progress,
    ) -> None:
        self._reader = reader
        self._scorer = scorer
        self._batch = batch
        self._threads = threads
        self._commit = commit
        self._progress = progress
        self._queue = BatchQueue(2 * threads)
        self._committing = threading.Semaphore(COMMITS)
        self._committers = ThreadPoolExecutor(COMMITS, "commit")
        self._errors: list[BaseException] = []

    def run(self, shards: Iterable[Shard], stop: threading.Event) -> None:
        """See `score_shards`."""
        # Each pool is left when its threads have ended: first those that hand over to the others.
        with self._committers, ThreadPoolExecutor(self._threads + 1, "scoring") as pool:
            pool.submit(self._guard, lambda: self._feed(shards, stop))
            for _ in range(self._threads):
                pool.submit(self._guard, self._work)
        if self._errors:
            raise self._errors[0]

    def _guard(self, task: Callable[[], None]) -> None:
        """Run a part of the work; if it fails, everybody stops."""
        try:
            task()
        except BaseException as error:  # noqa: BLE001 raised again by `run`, in the caller's thread
            self._errors.append(error)
            self._queue.abandon()

    def _feed(self, shards: Iterable[Shard], stop: threading.Event) -> None:
        """Read shard after shard into the queue."""
        for shard in shards:
            if stop.is_set() or not self._feed_shard(shard):
                break
        self._queue.close()

    def _feed_shard(self, shard: Shard) -> bool:
        """Read one shard in its fixed batches; False where the others have stopped."""
        opened = OpenShard(shard, self._batch)
        count = 0
        with closing(self._reader.read(shard)) as pictures:
            for number, batch in enumerate(_in_batches(pictures, self._batch)):
                count += len(batch)
                if count > shard.count:
                    continue  # not what was planned, as the reader says at its end
                if not self._queue.put(Work(opened, number, batch)):
                    return False
        return True

    def _work(self) -> None:
        """Score batches until there are none."""
        while work := self._queue.take():
            shard = work.shard.shard
            first_id = shard.first_id + work.number * self._batch
            rows = self._scorer.score(work.pictures, first_id)
            good = rows.column("error_code").null_count
            self._progress.scored(rows.num_rows, rows.num_rows - good)
            if work.shard.add(work.number, rows):
                self._hand_over(work.shard)

    def _hand_over(self, shard: OpenShard) -> None:
        """Commit in another thread; wait where too many are at it."""
        self._committing.acquire()

        def commit() -> None:
            try:
                if not self._errors:
                    self._commit(shard.shard, shard.table())
            finally:
                self._committing.release()

        self._committers.submit(self._guard, commit)


def _in_batches(pictures: Iterator[Picture], size: int) -> Iterator[list[Picture]]:
    """Lists of `size`, the last one shorter."""
    while taken := list(islice(pictures, size)):
        yield taken
