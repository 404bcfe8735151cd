"""Which answers are right, where the input or a file says what the pictures are."""

from duckdb import DuckDBPyConnection

# What the input says is a label, or else the id of a class in digits.
_CREATE = """
CREATE TABLE judged AS
WITH known AS (
    SELECT label, CASE WHEN count(*) = 1 THEN any_value(name) ELSE label END AS name
    FROM classes GROUP BY label
), told AS (
    SELECT pictures.*, known.name AS by_label,
           CASE WHEN known.label IS NULL AND regexp_full_match(expected, '[0-9]{1,9}')
                THEN expected::INT END AS expected_id
    FROM pictures LEFT JOIN known ON known.label = expected
    WHERE expected IS NOT NULL
)
SELECT told.id, told.error_code, told.score, answer.name AS predicted,
       by_label IS NULL AND by_id.name IS NULL AS unknown,
       coalesce(by_label, by_id.name, expected) AS truth,
       nullif(CASE WHEN expected_id IS NULL THEN list_position(told.labels, expected)
                   ELSE list_position(told.class_ids, expected_id) END, 0) AS rank
FROM told
LEFT JOIN classes AS by_id ON by_id.class_id = told.expected_id
LEFT JOIN classes AS answer ON answer.class_id = told.class_id AND answer.label = told.label
"""


def judge(database: DuckDBPyConnection) -> None:
    """Create `judged` from `pictures` and `classes`: one row a picture whose class is known.

    Its columns: id, error_code, score and `predicted` of the first class, `truth` (the name of the
    class that the picture is of), `unknown` (whether no picture was answered with that class among
    its best), `rank` of the truth among the picture's best: 1 is first, null is none of them.
    """
    database.execute(_CREATE)
