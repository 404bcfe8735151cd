"""Against the classes that the pictures really have: accuracy, and what is taken for what."""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

MAX_MATRIX = 20
"""Classes of a matrix that can still be read; above, the largest of its cells are listed."""

MAX_CONFUSIONS = 30


@dataclass(frozen=True, slots=True)
class ClassAccuracy:
    """One class. A share is None where it would be one of no pictures.

    Args:
        pictures: that are of it.
        recall: share of these that were answered with it.
        answered: pictures that were answered with it.
        precision: share of these that are of it.
    """

    name: str
    pictures: int
    recall: float | None
    answered: int
    precision: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Pictures of the class `truth` that were answered with another."""

    truth: str
    predicted: str
    pictures: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Pictures by their class (rows) and by the answer (columns), both in the order of `names`."""

    names: tuple[str, ...]
    pictures: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of the pictures that have both a score and a class.

    Args:
        pictures: such pictures.
        failed: pictures with a class and without a score; they count in no share.
        unknown: classes that the model never had among its best, the most frequent first; wrong
            names look like this too.
        right: `right[k]`: pictures whose class is among the best k + 1.
        classes: the most frequent first.
        matrix: None where the classes are too many.
        confusions: the most frequent first.
    """

    pictures: int
    failed: int
    unknown: tuple[tuple[str, int], ...]
    right: tuple[int, ...]
    classes: tuple[ClassAccuracy, ...]
    matrix: Matrix | None
    confusions: tuple[Confusion, ...]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """`accuracies[k]`: share of pictures whose class is among the best k + 1."""
        return tuple(right / self.pictures for right in self.right)


_COUNTS = "SELECT count(*) FILTER (WHERE error_code IS NULL), count(error_code) FROM judged"

_UNKNOWN = """
SELECT truth, count(*) FROM judged WHERE unknown AND error_code IS NULL
GROUP BY truth ORDER BY 2 DESC, 1 LIMIT 10
"""

_RANKS = "SELECT rank, count(*) FROM judged WHERE rank IS NOT NULL GROUP BY rank"

_TOP_K = "SELECT max(len(class_ids)) FROM pictures"

_CLASSES = """
WITH sides AS (
    SELECT truth AS name, 1 AS is_it, coalesce(rank = 1, false)::INT AS hit,
           0 AS said, 0 AS said_rightly
    FROM judged WHERE error_code IS NULL
    UNION ALL
    SELECT predicted, 0, 0, 1, coalesce(rank = 1, false)::INT FROM judged WHERE error_code IS NULL
)
SELECT name, sum(is_it)::INT, sum(hit) / nullif(sum(is_it), 0),
       sum(said)::INT, sum(said_rightly) / nullif(sum(said), 0)
FROM sides GROUP BY name ORDER BY 2 DESC, 1
"""

_CELLS = "SELECT truth, predicted, count(*) FROM judged WHERE error_code IS NULL GROUP BY ALL"

_CONFUSIONS = """
SELECT truth, predicted, count(*) FROM judged
WHERE error_code IS NULL AND rank IS DISTINCT FROM 1
GROUP BY ALL ORDER BY 3 DESC, 1, 2 LIMIT $most
"""


def measure_truth(database: DuckDBPyConnection) -> Truth | None:
    """Sum up the table `judged`; None where it holds no picture with a score."""
    pictures, failed = database.execute(_COUNTS).fetchall()[0]
    if not pictures:
        return None
    ranks = dict(database.execute(_RANKS).fetchall())
    (top_k,) = database.execute(_TOP_K).fetchall()[0]
    classes = tuple(ClassAccuracy(*row) for row in database.execute(_CLASSES).fetchall())
    cells = len(classes) <= MAX_MATRIX
    return Truth(
        pictures=pictures,
        failed=failed,
        unknown=tuple(database.execute(_UNKNOWN).fetchall()),
        right=tuple(sum(ranks.get(r + 1, 0) for r in range(k + 1)) for k in range(top_k)),
        classes=classes,
        matrix=_matrix(database, sorted(c.name for c in classes)) if cells else None,
        confusions=tuple(
            Confusion(*row)
            for row in database.execute(_CONFUSIONS, {"most": MAX_CONFUSIONS}).fetchall()
        ),
    )


def _matrix(database: DuckDBPyConnection, names: list[str]) -> Matrix:
    """The whole confusion matrix."""
    found = {(row[0], row[1]): row[2] for row in database.execute(_CELLS).fetchall()}
    return Matrix(
        names=tuple(names),
        pictures=tuple(tuple(found.get((t, p), 0) for p in names) for t in names),
    )
