"""A comparison: everything that is said of two jobs."""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from scoring.compare.agreement import Agreement, Rightness, agreement, rightness
from scoring.compare.answers import put_side_by_side
from scoring.compare.changed import Changed, changed
from scoring.compare.changes import (
    ClassChange,
    ErrorChange,
    Move,
    class_changes,
    error_changes,
    moves,
)
from scoring.compare.pairs import Pairs, pair
from scoring.errors import InputError
from scoring.results.classes import name_classes
from scoring.results.database import open_database
from scoring.results.judgement import judge
from scoring.results.rows import load_rows
from scoring.results.scored import Scored


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where two jobs differ.

    Args:
        all_scores: whether score differences are of all classes, or of those among both's best.
        comparable: whether both scores are of one kind.
        rightness: None where no class is known.
        classes, moves, errors: the most frequent first.
        changed: pictures with another first class, those that both are surest of first.
    """

    pairs: Pairs
    all_scores: bool
    comparable: bool
    agreement: Agreement
    rightness: Rightness | None
    classes: tuple[ClassChange, ...]
    moves: tuple[Move, ...]
    errors: tuple[ErrorChange, ...]
    changed: tuple[Changed, ...]


def compare(a: Scored, b: Scored) -> Comparison:
    """Read the rows of both, once, and set them side by side.

    Raises:
        InputError: rows cannot be read, or the jobs have no picture in common.
    """
    both = a.settings.columns.all_scores and b.settings.columns.all_scores
    comparable = a.score == b.score
    with open_database() as database:
        _load(database, "a", a, all_scores=both)
        _load(database, "b", b, all_scores=both)
        database.execute("USE main")
        pairs = pair(database)
        if not pairs.pictures:
            raise InputError(
                f"{a.location.url} and {b.location.url} have no picture in common, neither by its "
                "name nor by its bytes"
            )
        put_side_by_side(database)
        return Comparison(
            pairs=pairs,
            all_scores=both,
            comparable=comparable,
            agreement=agreement(database, comparable=comparable),
            rightness=rightness(database),
            classes=class_changes(database),
            moves=moves(database),
            errors=error_changes(database),
            changed=changed(database),
        )


def _load(database: DuckDBPyConnection, schema: str, job: Scored, *, all_scores: bool) -> None:
    """One job's tables, in a schema of their own."""
    database.execute(f"CREATE SCHEMA {schema}")
    database.execute(f"USE {schema}")
    load_rows(database, job, all_scores=all_scores)
    name_classes(database)
    judge(database)
