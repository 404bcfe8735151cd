"""Which classes are the best, by itself."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.predictions import best_classes

LABELS = [f"label {index}" for index in range(1000)]


@given(
    levels=st.lists(st.integers(-3, 3), min_size=1, max_size=40),
    top_k=st.integers(min_value=1, max_value=50),
)
def test_they_are_the_highest_best_first_and_equal_ones_by_their_id(
    levels: list[int], top_k: int
) -> None:
    scores = np.array(levels, np.float32)
    expected = sorted(range(len(levels)), key=lambda index: (-levels[index], index))[:top_k]
    found = best_classes(scores, LABELS, top_k)
    assert [best["class_id"] for best in found] == expected
    assert [best["label"] for best in found] == [LABELS[index] for index in expected]
    assert [best["score"] for best in found] == [scores[index] for index in expected]


def test_a_network_that_answers_nan_still_has_its_classes() -> None:
    scores = np.array([0.1, np.nan, 0.7, np.nan], np.float32)
    assert [best["class_id"] for best in best_classes(scores, LABELS, 2)] == [2, 0]
    assert [best["class_id"] for best in best_classes(scores, LABELS, 3)] == [2, 0, 1]
    nothing = np.full(4, np.nan, np.float32)
    assert len(best_classes(nothing, LABELS, 3)) == 3
