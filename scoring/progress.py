"""How far a job is: a bar on a terminal, a line every few seconds elsewhere."""

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

LINE_SECONDS = 5.0
"""Between two lines where there is no terminal."""


class Progress(Protocol):
    """Hears how the work goes on, from any thread."""

    def scored(self, pictures: int, errors: int) -> None:
        """So many more pictures are done; so many of them could not be scored."""
        ...


class Silence:
    """Nobody listens."""

    def scored(self, pictures: int, errors: int) -> None:
        """Nothing is said."""


class Lines:
    """Plain lines, for logs: `4,120 of 10,000 pictures, 81.3 a second, 3 errors, 1:12 left`."""

    def __init__(
        self,
        total: int,
        done: int,
        *,
        write: Callable[[str], object],
        seconds: float = LINE_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Begin now.

        Args:
            total: pictures of the job.
            done: by runs before this one.
            write: takes a line.
            seconds: between two lines.
            clock: in seconds.
        """
        self._total = total
        self._before = done
        self._done = done
        self._errors = 0
        self._write = write
        self._seconds = seconds
        self._clock = clock
        self._begin = self._said = clock()
        self._lock = threading.Lock()

    def scored(self, pictures: int, errors: int) -> None:
        """Count, and say a line if it is time."""
        with self._lock:
            self._done += pictures
            self._errors += errors
            now = self._clock()
            if now - self._said < self._seconds:
                return
            self._said = now
            line = self._line(now - self._begin)
        self._write(line)

    def _line(self, seconds: float) -> str:
        """The state in words, `seconds` after the begin."""
        words = f"{self._done:,} of {self._total:,} pictures"
        pace = (self._done - self._before) / seconds if seconds > 0 else 0.0
        left = (self._total - self._done) / pace if pace else 0.0
        return (
            f"{words}, {pace:,.1f} a second, {count_errors(self._errors)}, {clock_time(left)} left"
        )


class _Pace(ProgressColumn):
    """Pictures a second of this run."""

    def render(self, task: Task) -> Text:
        """As text."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f} a second" if speed else "")


class _OnTerminal:
    """A bar that `rich` draws."""

    def __init__(self, bar: Bar, total: int, done: int) -> None:
        self._bar = bar
        self._errors = 0
        self._lock = threading.Lock()
        self._task = bar.add_task("pictures", total=total, completed=done, errors=count_errors(0))

    def scored(self, pictures: int, errors: int) -> None:
        """Move the bar on."""
        with self._lock:
            self._errors += errors
            words = count_errors(self._errors)
            self._bar.update(self._task, advance=pictures, errors=words)


@contextmanager
def show_progress(total: int, done: int, stream: TextIO | None = None) -> Generator[Progress]:
    """Show a job's progress until it is left.

    Args:
        total: pictures of the job.
        done: by runs before this one.
        stream: where to; standard error is the default.
    """
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        yield Lines(total, done, write=partial(print, file=out, flush=True))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Pace(),
        TextColumn("{task.fields[errors]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(file=out)) as bar:
        yield _OnTerminal(bar, total, done)


def count_errors(errors: int) -> str:
    """`no errors`, `1 error`, `3 errors`."""
    return f"{errors:,} error{'s' * (errors != 1)}" if errors else "no errors"


def clock_time(seconds: float) -> str:
    """`0:07`, `1:12`, `3:05:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
