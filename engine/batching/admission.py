"""Who is let in: a request that cannot make its deadline is refused before it costs anything."""

from collections import Counter
from typing import Literal

from engine.errors import DeadlineUnreachableError, QueueFullError

Reason = Literal["full", "late", "expired"]
"""Why a request got no answer: no room in the queue; refused, since it could not make its
deadline; taken, and its deadline passed."""

MIN_RETRY_SECONDS = 0.01
MAX_RETRY_SECONDS = 60.0


class Admission:
    """Refuses, and counts what was refused."""

    def __init__(self, max_queue: int) -> None:
        self._max_queue = max_queue
        self.rejected: Counter[Reason] = Counter({"full": 0, "late": 0, "expired": 0})

    def check_room(self, images: int, waiting: int, seconds_per_image: float) -> None:
        """Refuse what does not fit into the queue.

        Raises:
            QueueFullError: try again when so many as are too many have been run.
        """
        excess = waiting + images - self._max_queue
        if excess <= 0:
            return
        self.rejected["full"] += 1
        if images > self._max_queue:
            advice = f"send at most {self._max_queue} at a time"
        else:
            advice = "try again later"
        raise QueueFullError(
            f"{waiting} images wait and {images} more do not fit into the queue of "
            f"{self._max_queue}; {advice}",
            _bounded(min(excess, waiting) * seconds_per_image),
        )

    def check_deadline(self, needed_seconds: float, timeout_seconds: float, own: float) -> None:
        """Refuse what would be answered too late.

        Args:
            needed_seconds: until the answer, from now.
            timeout_seconds: until the deadline, from now.
            own: seconds of the request's own last run.

        Raises:
            DeadlineUnreachableError: try again when so much as is too much has been run.
        """
        if needed_seconds <= timeout_seconds:
            return
        self.rejected["late"] += 1
        raise DeadlineUnreachableError(
            f"an answer would take {needed_seconds * 1000:.0f} ms, of which {own * 1000:.0f} ms "
            f"are its own run, and its deadline is in {timeout_seconds * 1000:.0f} ms; try again "
            "later, or allow more time",
            _bounded(max(needed_seconds - timeout_seconds, own)),
        )


def _bounded(seconds: float) -> float:
    """Never nothing, never more than anybody would wait."""
    return min(max(seconds, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS)
