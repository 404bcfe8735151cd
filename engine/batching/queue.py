"""What waits for one model: first come, first served, but a large request does not bar the way."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Generic

from engine.batching.outcome import R
from engine.batching.request import Entry, T


class Lane(Generic[T, R]):
    """Entries in the order in which they came; any of them may leave at any time."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Entry[T, R], None] = OrderedDict()
        self.images = 0

    def __iter__(self) -> Iterator[Entry[T, R]]:
        return iter(self._entries)

    def last(self) -> Entry[T, R]:
        """Whoever came last."""
        return next(reversed(self._entries))

    def add(self, entry: Entry[T, R]) -> None:
        """Last in line."""
        self._entries[entry] = None
        self.images += entry.images
        entry.lane = self

    def remove(self, entry: Entry[T, R]) -> None:
        """Out of line, wherever it stands."""
        del self._entries[entry]
        self.images -= entry.images
        entry.lane = None


class Queue(Generic[T, R]):
    """Two lanes: the first images of every request, and what large requests have beyond them.

    Where both wait they are served image for image in turn. So a request of few images waits at
    most twice as long as if nobody had sent a large one, and a large one gets half of the model's
    runs at least, however many small ones come.
    """

    def __init__(self) -> None:
        self.front: Lane[T, R] = Lane()
        self.back: Lane[T, R] = Lane()
        self._lead = 0  # images that the front lane got more than the back lane while both waited

    @property
    def images(self) -> int:
        """That wait now."""
        return self.front.images + self.back.images

    def __iter__(self) -> Iterator[Entry[T, R]]:
        yield from self.front
        yield from self.back

    def add(self, entries: Sequence[Entry[T, R]], first_images: int) -> None:
        """A request's entries: up to `first_images` to the front lane, the rest behind.

        The first entry goes to the front lane whatever its size.
        """
        images = 0
        for entry in entries:
            images += entry.images
            lane = self.front if images <= first_images or entry is entries[0] else self.back
            lane.add(entry)

    def discard(self, entry: Entry[T, R]) -> None:
        """Let an entry go, if it still waits."""
        if entry.lane is not None:
            entry.lane.remove(entry)

    def ahead_of(self, images: int, first_images: int) -> int:
        """Images that are served before the last of a request of so many that comes now."""
        own, other = self.front.images, self.back.images
        if images > first_images:
            own, other = other, own
        return own + min(other, own + images)

    def head(self) -> Entry[T, R] | None:
        """Whose turn it is."""
        if not self.back.images:
            return next(iter(self.front), None)
        lane = self.front if self.front.images and self._lead <= 0 else self.back
        return next(iter(lane))

    def last_deadline(self) -> float:
        """Of the last in line; asked only while something waits."""
        lane = self.front if self.front.images else self.back
        return lane.last().request.deadline

    def pop(self, entry: Entry[T, R]) -> None:
        """The head goes to its run."""
        if self.front.images and self.back.images:
            self._lead += entry.images if entry.lane is self.front else -entry.images
        else:
            self._lead = 0
        self.discard(entry)
