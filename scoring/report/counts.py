"""What was answered how often, and what could not be scored."""

import math
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from scoring.results.scored import Score

BARS = 20
"""Of the histogram of confidence."""


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """Pictures without a score for one reason; the first of them as an example."""

    code: str
    pictures: int
    source: str
    message: str


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Pictures whose first class it is; `mean_score` of these."""

    name: str
    pictures: int
    mean_score: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Pictures by the score of their first class.

    Args:
        edges: of the bars, (bars + 1,), ascending; a bar holds its lower edge.
        pictures: (bars,).
    """

    edges: tuple[float, ...]
    pictures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """The same for every job, whether its classes are known or not.

    Args:
        pictures: rows, with and without a score.
        scored: rows with one.
        errors: the most frequent kind first.
        classes: the most frequent class first.
        confidence: None where nothing was scored.
    """

    pictures: int
    scored: int
    errors: tuple[ErrorKind, ...]
    classes: tuple[ClassCount, ...]
    confidence: Histogram | None

    @property
    def failed(self) -> int:
        """Rows without a score."""
        return self.pictures - self.scored


_ERRORS = """
SELECT error_code, count(*), arg_min(source, id), arg_min(error_message, id)
FROM pictures WHERE error_code IS NOT NULL GROUP BY error_code ORDER BY 2 DESC, 1
"""

_CLASSES = """
SELECT name, count(*), avg(score) FROM pictures JOIN classes USING (class_id, label)
GROUP BY name ORDER BY 2 DESC, 1
"""

_RANGE = "SELECT min(score), max(score) FROM pictures WHERE isfinite(score)"

_HISTOGRAM = """
SELECT least(greatest(floor((score - $low) / $width)::INT, 0), $bars - 1), count(*)
FROM pictures WHERE isfinite(score) GROUP BY 1
"""


def count(database: DuckDBPyConnection, score: Score) -> Counts:
    """Count the rows of `pictures`, whose classes have their names in `classes`."""
    (pictures, scored) = database.execute(
        "SELECT count(*), count(*) FILTER (WHERE error_code IS NULL) FROM pictures"
    ).fetchall()[0]
    return Counts(
        pictures=pictures,
        scored=scored,
        errors=tuple(ErrorKind(*row) for row in database.execute(_ERRORS).fetchall()),
        classes=tuple(ClassCount(*row) for row in database.execute(_CLASSES).fetchall()),
        confidence=_histogram(database, score),
    )


def _histogram(database: DuckDBPyConnection, score: Score) -> Histogram | None:
    """Probabilities lie between 0 and 1; logits between the least and the greatest."""
    low, high = database.execute(_RANGE).fetchall()[0]
    if low is None:
        return None
    if score == "probability":
        low, high = 0.0, 1.0
    width = (high - low) / BARS or math.ulp(low)
    found = dict(
        database.execute(_HISTOGRAM, {"low": low, "width": width, "bars": BARS}).fetchall()
    )
    return Histogram(
        edges=tuple(low + width * bar for bar in range(BARS + 1)),
        pictures=tuple(found.get(bar, 0) for bar in range(BARS)),
    )
