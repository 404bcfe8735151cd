"""How many images go into the next run."""

import pytest

from engine.batching.curve import ServiceCurve
from engine.batching.sizing import batch_size
from tests.engine.batching.network import LINEAR, NEARLY_FREE

SLIGHTLY_CHEAPER = {1: 0.0100, 2: 0.0185, 4: 0.0360}
"""Batches are worth it, but not so much as to leave a slot idle."""


@pytest.mark.parametrize(
    ("curve", "waiting", "free_slots", "size"),
    [
        (LINEAR, 7, 1, 1),
        (NEARLY_FREE, 7, 1, 7),
        (NEARLY_FREE, 7, 2, 7),
        (NEARLY_FREE, 100, 1, 16),
        (NEARLY_FREE, 9, 1, 8),
        (SLIGHTLY_CHEAPER, 2, 1, 2),
        (SLIGHTLY_CHEAPER, 2, 2, 1),
        (SLIGHTLY_CHEAPER, 3, 2, 2),
        (SLIGHTLY_CHEAPER, 8, 2, 2),
    ],
)
def test_the_size_of_the_next_run(
    curve: dict[int, float], waiting: int, free_slots: int, size: int
) -> None:
    assert batch_size(ServiceCurve(curve), waiting, max_batch=32, free_slots=free_slots) == size


def test_no_run_is_larger_than_max_batch() -> None:
    assert batch_size(ServiceCurve(NEARLY_FREE), 100, max_batch=4, free_slots=1) == 4
