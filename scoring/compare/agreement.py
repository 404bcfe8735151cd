"""How far two jobs agree, and which of them is right."""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the pictures that both jobs scored.

    Args:
        pictures: such pictures.
        same: with the same first class.
        mean_difference, max_difference: of each picture's largest |Δ score|; None where the
            scores are of two kinds, or have no class in common.
    """

    pictures: int
    same: int
    mean_difference: float | None
    max_difference: float | None

    @property
    def share(self) -> float | None:
        """Of the pictures, with the same first class."""
        return self.same / self.pictures if self.pictures else None


@dataclass(frozen=True, slots=True)
class Rightness:
    """Against known classes, of the pictures that both scored.

    Args:
        repaired: wrong in the first job and right in the second; `broken` the other way round.
    """

    pictures: int
    a: int
    b: int
    repaired: int
    broken: int


_AGREEMENT = """
SELECT count(*), count(*) FILTER (WHERE agree), avg(difference::DOUBLE), max(difference)
FROM compared WHERE a_error IS NULL AND b_error IS NULL
"""

_RIGHTNESS = """
WITH ranks AS (
    SELECT coalesce(x.rank = 1, false) AS a, coalesce(y.rank = 1, false) AS b
    FROM compared JOIN a.judged AS x ON x.id = a_id JOIN b.judged AS y ON y.id = b_id
    WHERE x.error_code IS NULL AND y.error_code IS NULL
)
SELECT count(*), count(*) FILTER (WHERE a), count(*) FILTER (WHERE b),
       count(*) FILTER (WHERE b AND NOT a), count(*) FILTER (WHERE a AND NOT b)
FROM ranks
"""


def agreement(database: DuckDBPyConnection, *, comparable: bool) -> Agreement:
    """Over the table `compared`.

    Args:
        comparable: whether the scores of both are of one kind.
    """
    pictures, same, mean, largest = database.execute(_AGREEMENT).fetchall()[0]
    return (
        Agreement(pictures, same, mean, largest)
        if comparable
        else Agreement(pictures, same, None, None)
    )


def rightness(database: DuckDBPyConnection) -> Rightness | None:
    """Over `compared` and both tables `judged`; None where no class is known."""
    found = Rightness(*database.execute(_RIGHTNESS).fetchall()[0])
    return found if found.pictures else None
