"""Predictions on the wire: the best classes of one picture."""

from collections.abc import Sequence
from typing import Any

from engine.arrays import Scores
from engine.ranking import rank_classes


def best_classes(scores: Scores, labels: Sequence[str], top_k: int) -> list[dict[str, Any]]:
    """The highest classes of one row (classes,), best first, equal ones by their id.

    Pure, and made for the thread that has just computed the scores.
    """
    order = rank_classes(scores, top_k).tolist()
    return [{"class_id": i, "label": labels[i], "score": scores[i]} for i in order]
