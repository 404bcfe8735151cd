"""A job's rows, from its parts into a database."""

from duckdb import DuckDBPyConnection
from pyarrow.dataset import dataset

from scoring.errors import InputError
from scoring.results.scored import Scored

_COLUMNS = """
id, source, sha256, expected, class_ids, labels, scores,
class_ids[1] AS class_id, labels[1] AS label, scores[1] AS score,
error_code, error_message
"""


def load_rows(database: DuckDBPyConnection, job: Scored, *, all_scores: bool = False) -> None:
    """Create `pictures`: one row a picture, with `class_id`, `label` and `score` of its best class.

    Args:
        database: in whose current schema it is created.
        job: finished or not.
        all_scores: whether to keep the scores of all classes; null otherwise.

    Raises:
        InputError: a part cannot be read.
    """
    files, path = job.location.open_filesystem()
    try:
        parts = dataset(
            [f"{path}/{part}" for part in job.parts], filesystem=files, format="parquet"
        )
    except (OSError, ValueError) as error:
        words = " ".join(str(error).split())[:300]
        raise InputError(f"{job.location.url} cannot be read: {words}") from error
    kept = "all_scores::FLOAT[]" if all_scores else "NULL::FLOAT[]"
    database.from_arrow(parts).project(f"{_COLUMNS}, {kept} AS all_scores").create("pictures")
