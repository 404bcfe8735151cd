"""What two jobs answer differently: classes and errors."""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

MAX_MOVES = 30
MAX_ERRORS = 30


@dataclass(frozen=True, slots=True)
class ClassChange:
    """Pictures with this first class in each job; `same`: in both."""

    name: str
    a: int
    b: int
    same: int


@dataclass(frozen=True, slots=True)
class Move:
    """Pictures that went from one first class to another."""

    a: str
    b: str
    pictures: int


@dataclass(frozen=True, slots=True)
class ErrorChange:
    """Pictures that one job could not score and the other could, or not for another reason.

    Args:
        a, b: error codes; None where the picture was scored.
        source, message: of the first of them.
    """

    a: str | None
    b: str | None
    pictures: int
    source: str
    message: str


_CLASSES = """
WITH sides AS (
    SELECT a_name AS name, 1 AS a, 0 AS b, agree::INT AS same
    FROM compared WHERE agree IS NOT NULL
    UNION ALL SELECT b_name, 0, 1, 0 FROM compared WHERE agree IS NOT NULL
)
SELECT name, sum(a)::INT, sum(b)::INT, sum(same)::INT FROM sides
GROUP BY name HAVING sum(a) + sum(b) > 2 * sum(same)
ORDER BY sum(a) + sum(b) - 2 * sum(same) DESC, name
"""

_MOVES = """
SELECT a_name, b_name, count(*) FROM compared WHERE NOT agree
GROUP BY ALL ORDER BY 3 DESC, 1, 2 LIMIT $most
"""

_ERRORS = """
SELECT a_error, b_error, count(*), arg_min(source, a_id),
       arg_min(coalesce(a_message, b_message), a_id)
FROM compared WHERE a_error IS DISTINCT FROM b_error
GROUP BY a_error, b_error ORDER BY 3 DESC, 1, 2 LIMIT $most
"""


def class_changes(database: DuckDBPyConnection) -> tuple[ClassChange, ...]:
    """Classes that pictures left or came to, the most changed first."""
    return tuple(ClassChange(*row) for row in database.execute(_CLASSES).fetchall())


def moves(database: DuckDBPyConnection) -> tuple[Move, ...]:
    """From which class to which, the most frequent first."""
    rows = database.execute(_MOVES, {"most": MAX_MOVES}).fetchall()
    return tuple(Move(*row) for row in rows)


def error_changes(database: DuckDBPyConnection) -> tuple[ErrorChange, ...]:
    """Where the jobs do not fail alike, the most frequent first."""
    rows = database.execute(_ERRORS, {"most": MAX_ERRORS}).fetchall()
    return tuple(ErrorChange(*row) for row in rows)
