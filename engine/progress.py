"""How far long work has come."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (pictures run through the network, of how many); may raise to stop the work."""


def silent(done: int, total: int) -> None:
    """Nobody watches."""
