"""Steps on the terminal, as they happen."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Steps:
    """What is going on, and how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Show what is going on; it may take a minute."""
        started = time.monotonic()
        with self._console.status(words):
            yield
        seconds = time.monotonic() - started
        self._console.print(f"[green]✓[/] {words} [dim]({seconds:.1f} s)[/]", highlight=False)

    def note(self, words: str) -> None:
        """Something that the user should know."""
        self._console.print(f"[yellow]![/] {words}", highlight=False)
