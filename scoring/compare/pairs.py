"""The same picture in two jobs: by its name, or else by its bytes."""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Pairs:
    """How much two jobs have in common.

    Args:
        pictures: in both.
        by_bytes: those of them that have other names and the same bytes.
        other_bytes: those with the same name whose bytes differ.
        only_a, only_b: in one of them alone.
    """

    pictures: int
    by_bytes: int
    other_bytes: int
    only_a: int
    only_b: int


# A list may name a file twice: the first is the first's, the second the second's.
_BY_SOURCE = """
CREATE TABLE pairs AS
WITH left_side AS (
    SELECT id, sha256, source, row_number() OVER (PARTITION BY source ORDER BY id) AS n
    FROM a.pictures
), right_side AS (
    SELECT id, sha256, source, row_number() OVER (PARTITION BY source ORDER BY id) AS n
    FROM b.pictures
)
SELECT l.id AS a_id, r.id AS b_id, false AS by_bytes,
       l.sha256 IS DISTINCT FROM r.sha256 AND l.sha256 IS NOT NULL AND r.sha256 IS NOT NULL
           AS other_bytes
FROM left_side AS l JOIN right_side AS r USING (source, n)
"""

_BY_BYTES = """
INSERT INTO pairs
WITH left_side AS (
    SELECT id, sha256, row_number() OVER (PARTITION BY sha256 ORDER BY id) AS n
    FROM a.pictures WHERE sha256 IS NOT NULL AND id NOT IN (SELECT a_id FROM pairs)
), right_side AS (
    SELECT id, sha256, row_number() OVER (PARTITION BY sha256 ORDER BY id) AS n
    FROM b.pictures WHERE sha256 IS NOT NULL AND id NOT IN (SELECT b_id FROM pairs)
)
SELECT l.id, r.id, true, false FROM left_side AS l JOIN right_side AS r USING (sha256, n)
"""

_COUNTS = """
SELECT count(*), count(*) FILTER (WHERE by_bytes), count(*) FILTER (WHERE other_bytes),
       (SELECT count(*) FROM a.pictures) - count(*), (SELECT count(*) FROM b.pictures) - count(*)
FROM pairs
"""


def pair(database: DuckDBPyConnection) -> Pairs:
    """Create `pairs` (a_id, b_id, …) of `a.pictures` and `b.pictures`; each is in one at most."""
    database.execute(_BY_SOURCE)
    database.execute(_BY_BYTES)
    return Pairs(*database.execute(_COUNTS).fetchall()[0])
