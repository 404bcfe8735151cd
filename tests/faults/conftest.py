"""Servers to be broken, and the table of what that cost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bundle.repository import Bundle
from tests.faults.load import Books
from tests.servers import Server, serve
from tests.slow_network import publish_slow

Starter = Callable[..., Server]
Record = Callable[[str, Books], None]

ROWS: list[tuple[str, Books]] = []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Starts servers of a test's own; whatever still runs at its end is ended."""
    running: list[Server] = []

    def begin(port: int | None = None, **settings: str) -> Server:
        home = tmp_path / f"server-{len(running)}"
        home.mkdir()
        running.append(serve(home, port=port, **settings))
        return running[-1]

    yield begin
    for server in running:
        server.close()


@pytest.fixture
def models(tmp_path: Path, publish_model: Callable[[Path, str], Bundle]) -> Path:
    """A repository of a test's own: `colours` and `slow`."""
    root = tmp_path / "models"
    publish_slow(root, publish_model(root, "colours"))
    return root


@pytest.fixture
def record() -> Record:
    """(what was done, the books): a row of the table that is printed at the end."""
    return lambda fault, books: ROWS.append((fault, books))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of all faults, in Markdown."""
    if not ROWS:
        return
    terminalreporter.section("faults")
    terminalreporter.line("| fault | sent | answered | refused (429, 503) | late (504) | failed |")
    terminalreporter.line("|---|---|---|---|---|---|")
    for fault, books in ROWS:
        numbers = (books.sent, books.answered, books.refused, books.late, len(books.failures))
        terminalreporter.line(f"| {fault} | {' | '.join(map(str, numbers))} |")
