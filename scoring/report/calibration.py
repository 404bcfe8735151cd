"""Calibration: of the pictures that are answered with 80 %, are 80 % right?"""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

BINS = 15
"""As Guo et al., "On Calibration of Modern Neural Networks" (2017), section 5."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Pictures whose first class has a score in (low, high].

    Args:
        confidence: mean of their scores.
        accuracy: share of them whose first class is right.
    """

    low: float
    high: float
    pictures: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The bins that hold pictures, ascending."""

    bins: tuple[Bin, ...]

    @property
    def error(self) -> float:
        """Expected calibration error, 0 to 1: Σ over bins of share · |accuracy - confidence|."""
        total = sum(b.pictures for b in self.bins)
        return sum(b.pictures * abs(b.accuracy - b.confidence) for b in self.bins) / total


_BINS = """
SELECT least(greatest(ceil(score::DOUBLE * $bins)::INT, 1), $bins) AS bin,
       count(*), avg(score::DOUBLE), avg(coalesce(rank = 1, false)::INT)
FROM judged WHERE error_code IS NULL AND isfinite(score) GROUP BY bin ORDER BY bin
"""


def calibrate(database: DuckDBPyConnection) -> Calibration | None:
    """Compare score and accuracy over the table `judged`, whose scores are probabilities.

    None where there is nothing to compare.
    """
    rows = database.execute(_BINS, {"bins": BINS}).fetchall()
    bins = (Bin((n - 1) / BINS, n / BINS, *rest) for n, *rest in rows)
    return Calibration(tuple(bins)) if rows else None
