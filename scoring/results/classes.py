"""What classes are called in a report."""

from duckdb import DuckDBPyConnection

_CREATE = """
CREATE TABLE classes AS
WITH pairs AS (
    SELECT DISTINCT unnest(class_ids) AS class_id, unnest(labels) AS label FROM pictures
)
SELECT class_id, label,
       CASE WHEN count(*) OVER (PARTITION BY label) > 1
            THEN label || ' (' || class_id || ')' ELSE label END AS name
FROM pairs
"""


def name_classes(database: DuckDBPyConnection) -> None:
    """Create `classes` (class_id, label, name) of all that the table `pictures` answers.

    A name is the label, with the class id where two classes share a label: ImageNet has two cranes.
    """
    database.execute(_CREATE)
