"""A clock that stands still until a test moves it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Seconds, since whenever."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
