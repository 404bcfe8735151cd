"""One picture that a page shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What one picture was answered with.

    Args:
        id: of the picture in its job.
        sha256: of its bytes when it was scored; None where they were not read.
        classes: label and score, the best first.
        expected: the class that it is, where that is known.
    """

    id: int
    source: str
    sha256: str | None
    classes: tuple[tuple[str, float], ...]
    expected: str | None = None
