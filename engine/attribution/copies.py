"""Many changed copies of a picture, run through the network a batch at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.progress import Progress

Values = NDArray[np.float32]

Copies = Callable[[slice], Values]
"""Makes some of a picture's copies, counted from 0: (copies, height, width, channels).
The slice may reach beyond the last."""

Run = Callable[[Values], Values]
"""Runs pictures (batch, height, width, channels) through the network: a number of each."""


@dataclass(slots=True)
class Tally:
    """Counts pictures run through the network, and tells whoever watches."""

    progress: Progress
    total: int
    done: int = 0

    def add(self, pictures: int) -> None:
        """So many more are done."""
        self.done += pictures
        self.progress(self.done, self.total)


def run_copies(copies: Copies, count: int, run: Run, *, batch: int, tally: Tally) -> Values:
    """What the network makes of each copy: (count,).

    Only `batch` copies exist at a time: those of one 224x224 picture for 2048 channels would take
    1.2 GB.
    """
    values: list[Values] = []
    for start in range(0, count, batch):
        some = copies(slice(start, start + batch))
        values.append(run(some))
        tally.add(len(some))
    return np.concatenate(values)
