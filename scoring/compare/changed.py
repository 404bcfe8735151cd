"""Single pictures whose first class changed."""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

SHOWN = 24


@dataclass(frozen=True, slots=True)
class Changed:
    """One picture in two jobs.

    Args:
        a_id, b_id: its id in each.
        source, sha256: as the first job has them.
        a, b: label and score of the best two classes of each job.
        expected: the class that it is, where that is known.
    """

    a_id: int
    b_id: int
    source: str
    sha256: str | None
    a: tuple[tuple[str, float], ...]
    b: tuple[tuple[str, float], ...]
    expected: str | None


_CHANGED = """
SELECT a_id, b_id, source, sha256, a_labels, a_scores[:2], b_labels, b_scores[:2], expected
FROM compared WHERE NOT agree ORDER BY least(a_scores[1], b_scores[1]) DESC, a_id LIMIT $most
"""


def changed(database: DuckDBPyConnection) -> tuple[Changed, ...]:
    """Of the table `compared`: the pictures that both jobs are surest of, differently."""
    rows = database.execute(_CHANGED, {"most": SHOWN}).fetchall()
    return tuple(
        Changed(
            a_id=a_id,
            b_id=b_id,
            source=source,
            sha256=digest,
            a=tuple(zip(a_labels, a_scores, strict=True)),
            b=tuple(zip(b_labels, b_scores, strict=True)),
            expected=expected,
        )
        for a_id, b_id, source, digest, a_labels, a_scores, b_labels, b_scores, expected in rows
    )
