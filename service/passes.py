"""How many pictures one request runs through the network, counted, and no more than allowed."""

from collections.abc import Collection, Sequence

from engine.errors import TooMuchError
from engine.progress import Progress

WORK = ("samples", "steps", "channels", "patch_pixels", "stride_pixels")
"""Parameters of methods on which their passes depend."""


class Passes:
    """One request's passes: over chunks of its pictures, and over one stage after another."""

    def __init__(self, report: Progress, *, pictures: int, cap: int, repeats: int = 1) -> None:
        """Count.

        Args:
            report: hears (done, of how many) of the whole request; may raise to stop it.
            pictures: of the request.
            cap: passes at most.
            repeats: how often a stage goes over all pictures.
        """
        self.done = 0
        self._report = report
        self._pictures = pictures
        self._repeats = repeats
        self._cap = cap
        self._before = 0
        self._reserved = 0

    def begin(self, *, reserved: int = 0) -> None:
        """A stage begins; later ones will take `reserved` passes."""
        self._before = self.done
        self._reserved = reserved

    def of(self, rows: int, *, saved_by: Collection[str] = ()) -> Progress:
        """The progress of the stage's next piece of work.

        What it says of its own `rows` pictures is taken for a share of all: each picture costs as
        much as another.

        Args:
            rows: pictures of this piece.
            saved_by: parameters that the query may have; some make it less work.

        Returns:
            A `Progress` that raises TooMuchError as soon as it hears of more than the cap.
        """
        before = self.done

        def progress(done: int, total: int) -> None:
            whole = self._before + self._whole_stage(total, rows) + self._reserved
            if whole > self._cap:
                raise self._too_much(whole, [name for name in WORK if name in saved_by])
            self.done = before + done
            self._report(self.done, max(whole, self.done))

        return progress

    def _whole_stage(self, total: int, rows: int) -> int:
        """From a piece to the stage: every picture, every time."""
        return -(-total // rows) * self._pictures * self._repeats

    def _too_much(self, whole: int, saved_by: Sequence[str]) -> TooMuchError:
        each = -(-whole // self._pictures)
        fitting = self._cap // each
        fits = "1 picture at a time" if fitting == 1 else f"{fitting} pictures at a time"
        if not fitting:
            fits = f"another {' or '.join(saved_by)}" if saved_by else "fewer repetitions"
        return TooMuchError(
            f"asked for {whole} passes through the network, {each} a picture; at most {self._cap} "
            f"are allowed in one request; what fits: {fits}",
            asked=f"{whole} passes",
            cap=f"{self._cap} passes",
            fits=fits,
        )
