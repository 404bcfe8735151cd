"""The shards that wait: those of the plan in order, and those that are to be tried again."""

from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic

from scoring.errors import ClusterError
from scoring.shards import Shard

ATTEMPTS = 10
"""Of one shard whose worker died each time: then it is the shard, or there is no memory for it."""

LONGEST_PAUSE_SECONDS = 30.0


class Backlog:
    """Gives out every shard once, and again after its worker died; not thread-safe."""

    def __init__(self, shards: Iterator[Shard], *, clock: Callable[[], float] = monotonic) -> None:
        """Give out none yet.

        Args:
            shards: taken one by one, when they are asked for.
            clock: in seconds.
        """
        self._clock = clock
        self._shards = shards
        self._again: list[tuple[float, Shard]] = []
        self._deaths: Counter[int] = Counter()
        self._exhausted = False

    def next(self) -> Shard | None:
        """The shard to be scored next; None where there is none now (see `is_empty`)."""
        now = self._clock()
        for entry in self._again:
            if entry[0] <= now:
                self._again.remove(entry)
                return entry[1]
        shard = next(self._shards, None)
        self._exhausted = shard is None
        return shard

    @property
    def is_empty(self) -> bool:
        """Whether every shard was given out, and none comes back."""
        return self._exhausted and not self._again

    def put_back(self, shard: Shard) -> None:
        """Try it again at once: what happened has nothing to do with it, as a lost node."""
        self._again.append((self._clock(), shard))

    def worker_died(self, shard: Shard, reason: str) -> None:
        """Try it again after a pause, twice as long each time.

        Raises:
            ClusterError: it was tried often enough.
        """
        self._deaths[shard.index] += 1
        deaths = self._deaths[shard.index]
        if deaths >= ATTEMPTS:
            last = shard.first_id + shard.count - 1
            raise ClusterError(
                f"shard {shard.index} (ids {shard.first_id} to {last}{_place(shard)}) ended its "
                f"worker process {deaths} times, the last time with: {reason}"
            )
        pause = min(LONGEST_PAUSE_SECONDS, 0.5 * 2**deaths)
        self._again.append((self._clock() + pause, shard))


def _place(shard: Shard) -> str:
    """Where its pictures lie, in words."""
    first = shard.path or (shard.items[0].source if shard.items else "")
    return f", from {first} on" if first else ""
