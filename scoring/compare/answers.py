"""The answers of paired pictures, side by side."""

from duckdb import DuckDBPyConnection

# Ids where both jobs mean the same by them; labels where the models number their classes otherwise.
_SAME_CLASSES = """
SELECT (SELECT count(*) FROM a.classes AS x JOIN b.classes AS y USING (class_id)
        WHERE x.label <> y.label) = 0
   AND ((SELECT count(*) FROM a.classes JOIN b.classes USING (class_id, label)) > 0
        OR (SELECT count(*) FROM a.classes JOIN b.classes USING (label)) = 0)
"""

_CREATE = """
CREATE TABLE compared AS
WITH sides AS (
    SELECT a_id, b_id, x.source, x.sha256,
           x.error_code AS a_error, y.error_code AS b_error,
           x.error_message AS a_message, y.error_message AS b_message,
           x.labels[:2] AS a_labels, y.labels[:2] AS b_labels,
           x.scores AS a_scores, y.scores AS b_scores,
           p.name AS a_name, q.name AS b_name,
           coalesce(x.expected, y.expected) AS expected,
           CASE WHEN $by_id THEN x.class_ids::VARCHAR[] ELSE x.labels END AS a_keys,
           CASE WHEN $by_id THEN y.class_ids::VARCHAR[] ELSE y.labels END AS b_keys,
           x.all_scores AS a_all, y.all_scores AS b_all
    FROM pairs
    JOIN a.pictures AS x ON x.id = a_id
    JOIN b.pictures AS y ON y.id = b_id
    LEFT JOIN a.classes AS p ON p.class_id = x.class_id AND p.label = x.label
    LEFT JOIN b.classes AS q ON q.class_id = y.class_id AND q.label = y.label
)
SELECT * EXCLUDE (a_all, b_all, a_keys, b_keys),
       a_keys[1] = b_keys[1] AS agree,
       CASE WHEN $by_id AND len(a_all) = len(b_all)
            THEN list_max([abs(a_all[i] - b_all[i]) FOR i IN range(1, len(a_all) + 1)])
            ELSE list_max([abs(a_scores[list_position(a_keys, k)]
                               - b_scores[list_position(b_keys, k)])
                           FOR k IN list_intersect(a_keys, b_keys)])
       END AS difference
FROM sides
"""


def put_side_by_side(database: DuckDBPyConnection) -> None:
    """Create `compared`: one row a pair.

    Its columns: a_id, b_id, source and sha256 of the first job, of both sides error, message,
    labels (two), scores and name (of the first class), `expected`, `agree` (on the first class;
    null where one has none), and `difference`: the largest |Δ score| of all classes where both
    jobs kept all scores, else of the classes among both's best; null where there is none.
    """
    (by_id,) = database.execute(_SAME_CLASSES).fetchall()[0]
    database.execute(_CREATE, {"by_id": by_id})
