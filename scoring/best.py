"""The best classes of a batch."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Scores
from engine.ranking import rank_classes


def best_classes(scores: Scores, top_k: int) -> NDArray[np.int32]:
    """Ids of the highest classes: int32 (batch, top_k), best first, equal ones by their id.

    Args:
        scores: (batch, classes); a NaN comes last.
        top_k: no more than there are classes.
    """
    best = np.empty((len(scores), top_k), np.int32)
    for found, row in zip(best, scores, strict=True):
        found[:] = rank_classes(row, top_k)
    return best
