"""How many pictures one request runs through the network, counted, and no more than allowed."""

from collections.abc import Sequence

from engine.errors import TooMuchError
from engine.progress import Progress


class Passes:
    """One request's passes: over chunks of its pictures, and over one stage after another."""

    def __init__(self, report: Progress, *, pictures: int, cap: int) -> None:
        """Count.

        Args:
            report: hears (done, of how many) of the whole request; may raise to stop it.
            pictures: of the request.
            cap: passes at most.
        """
        self.done = 0
        self._report = report
        self._pictures = pictures
        self._cap = cap
        self._reserved = 0

    def reserve(self, count: int) -> None:
        """Passes that a later stage will take: they are part of the total from the start."""
        self._reserved += count

    def stage(self, rows: int, *, saved_by: Sequence[str] = ()) -> Progress:
        """The progress of the next piece of work.

        What it says of its own `rows` pictures is taken for a share of all: each picture costs as
        much as another.

        Args:
            rows: pictures of this piece.
            saved_by: parameters of the query that make it less work.

        Returns:
            A `Progress` that raises TooMuchError as soon as it hears of more than the cap.
        """
        before = self.done

        def progress(done: int, total: int) -> None:
            each = -(-total // rows)
            whole = each * self._pictures + self._reserved
            if whole > self._cap:
                raise self._too_much(each, whole, saved_by)
            self.done = before + done
            self._report(self.done, max(whole, self.done))

        return progress

    def last_stage(self) -> Progress:
        """The progress of what was reserved, of all pictures in one."""
        self._reserved, before = 0, self.done

        def progress(done: int, total: int) -> None:
            self.done = before + done
            self._report(self.done, before + total)

        return progress

    def _too_much(self, each: int, whole: int, saved_by: Sequence[str]) -> TooMuchError:
        fitting = self._cap // max(each + self._reserved // self._pictures, 1)
        fits = f"{fitting} pictures at a time"
        if not fitting:
            fits = "less work a picture"
            if saved_by:
                fits += f": another {' or '.join(saved_by)}"
        return TooMuchError(
            f"asked for {whole} passes through the network for {self._pictures} pictures, at most "
            f"{self._cap} are allowed in one request; what fits: {fits}",
            asked=f"{whole} passes",
            cap=f"{self._cap} passes",
            fits=fits,
        )
