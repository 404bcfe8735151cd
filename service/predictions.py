"""Predictions on the wire: the best classes of one picture."""

from collections.abc import Sequence
from heapq import nlargest
from typing import Any

from engine.arrays import Scores


def best_classes(scores: Scores, labels: Sequence[str], top_k: int) -> list[dict[str, Any]]:
    """The highest classes of one row (classes,), best first, equal ones by their id.

    Not numpy's sort: it gives the interpreter's lock away, and on the event loop getting it back
    from the decoding threads took 0.7 ms; this takes 0.2 ms for 1000 classes.
    """
    values: list[float] = scores.tolist()
    order = nlargest(top_k, range(len(values)), key=values.__getitem__)
    return [{"class_id": i, "label": labels[i], "score": scores[i]} for i in order]
