"""Which classes are the best of a picture: of the service and of scoring jobs the same."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Scores


def rank_classes(scores: Scores, top_k: int) -> NDArray[np.intp]:
    """Ids of the highest classes of one row (classes,), best first, equal ones by their id.

    All classes where there are no more than `top_k`; a NaN comes last. 5 of 1000 classes take
    12 µs, where sorting them all takes 34 and a heap of Python's numbers 80.
    """
    turned = -scores
    among = np.arange(len(scores))
    if top_k < len(scores):
        # Turned before it is parted: a NaN is put last, and must not take a class's place.
        highest = np.partition(turned, top_k - 1)[top_k - 1]
        # More than top_k where the last ones are equal; a NaN is never left out.
        among = np.flatnonzero(~(turned > highest))
    return among[np.argsort(turned[among], kind="stable")[:top_k]]
