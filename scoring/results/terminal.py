"""Tables on a terminal, or in a file where the output goes to one."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from scoring.results.printable import printable


def open_console() -> Console:
    """Standard output. What the input named is never taken for markup."""
    return Console(highlight=False, markup=False, emoji=False)


def make_table(title: str, columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    """A small table without lines.

    Args:
        title: above it.
        columns: a name that ends in `#` is of numbers, which are aligned to the right.
        rows: as many texts as there are columns.
    """
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        side = "right" if column.endswith("#") else "left"
        table.add_column(column.rstrip("#"), justify=side, overflow="fold")
    for row in rows:
        table.add_row(*map(printable, row))
    return table
