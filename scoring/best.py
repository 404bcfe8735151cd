"""The best classes of a batch."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Scores


def best_classes(scores: Scores, top_k: int) -> NDArray[np.int32]:
    """Ids of the highest classes: int32 (batch, top_k), best first, equal ones by their id.

    Args:
        scores: (batch, classes); a NaN comes last.
        top_k: no more than there are classes.
    """
    best = np.empty((len(scores), top_k), np.int32)
    for found, row in zip(best, -scores, strict=True):
        # A third of the time that sorting a thousand classes takes. A comparison with NaN is
        # false, so that among them are more than top_k, and none is lost.
        highest = np.partition(row, top_k - 1)[top_k - 1]
        among = np.flatnonzero(~(row > highest))
        found[:] = among[np.argsort(row[among], kind="stable")[:top_k]]
    return best
