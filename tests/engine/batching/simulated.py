"""A simulated clock: an event loop whose time jumps to the next timer when nothing is ready."""

import asyncio
from collections.abc import Callable, Coroutine
from selectors import SelectorKey, SelectSelector
from typing import Any, TypeVar

R = TypeVar("R")


class JumpingSelector(SelectSelector):
    """Where a loop would sleep, its clock jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is ready and no timer is set: the simulation hangs")
        self.now += max(timeout, 0.0)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Deterministic: the same coroutine does the same at the same simulated times, at once."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def clock() -> float:
    """The simulated time of the loop that runs now."""
    return asyncio.get_running_loop().time()


def simulate(main: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """Run `main` to its end on a simulated clock that begins at 0."""
    loop = SimulatedLoop()
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()
