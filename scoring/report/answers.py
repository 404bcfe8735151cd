"""The pictures worth looking at: those the model is least sure of, and its surest mistakes."""

from duckdb import DuckDBPyConnection

from scoring.results.answer import Answer
from scoring.results.scored import Score

SHOWN = 24

_COLUMNS = "SELECT pictures.id, source, sha256, labels[:2], scores[:2], expected FROM pictures "

_LOWEST = _COLUMNS + "WHERE isfinite(score) ORDER BY score, id LIMIT $most"

# A logit alone says nothing of certainty; the distance to the second class does.
_NARROWEST = (
    _COLUMNS
    + "WHERE isfinite(score) ORDER BY coalesce(scores[1] - scores[2], score), id LIMIT $most"
)

_MISTAKES = (
    _COLUMNS
    + """JOIN judged USING (id)
WHERE judged.error_code IS NULL AND rank IS DISTINCT FROM 1 AND isfinite(judged.score)
ORDER BY judged.score DESC, id LIMIT $most"""
)


def least_certain(database: DuckDBPyConnection, score: Score) -> tuple[Answer, ...]:
    """Pictures with the lowest best probability, or the closest two logits."""
    return _answers(database, _LOWEST if score == "probability" else _NARROWEST)


def surest_mistakes(database: DuckDBPyConnection) -> tuple[Answer, ...]:
    """Pictures answered wrongly with the highest scores; wants the table `judged`."""
    return _answers(database, _MISTAKES)


def _answers(database: DuckDBPyConnection, query: str) -> tuple[Answer, ...]:
    """The rows of one of the queries above."""
    rows = database.execute(query, {"most": SHOWN}).fetchall()
    return tuple(
        Answer(number, source, digest, tuple(zip(labels, scores, strict=True)), expected)
        for number, source, digest, labels, scores, expected in rows
    )
