"""Ctrl-C and SIGTERM: the first ends the job after the shards that are open, the second at once."""

import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR = b"\x1b[?25h"
"""A bar that ends in the middle leaves it hidden."""
WORDS = b"\nstopping: what is open is finished first; the same once more stops at once\n"


@dataclass(slots=True)
class Interrupts:
    """Whether the run is to end, and why.

    Args:
        stop: set by the first signal.
        number: of that signal; 0 before.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    number: int = 0

    @property
    def exit_code(self) -> int:
        """As a shell gives it: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self.number

    def handle(self, number: int, frame: FrameType | None) -> None:
        """A signal came. It may come anywhere, so it is written without Python's own buffers."""
        del frame
        if self.stop.is_set():
            if sys.stderr.isatty():
                os.write(2, SHOW_CURSOR)
            # As kill -9: whatever is committed is whole, and the rest is not there.
            os._exit(128 + number)
        self.number = number
        self.stop.set()
        os.write(2, WORDS)


@contextmanager
def catch_interrupts() -> Generator[Interrupts]:
    """Take the signals over until it is left; only in the main thread."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.handle) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
